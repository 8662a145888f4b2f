// SPDX-License-Identifier: Apache-2.0

/// A program that runs other people's programs, and how its command line names them.
enum Interpreter: CaseIterable {
  case java, python, node, ruby, perl, php, shell, lua, dotnet

  /// The interpreter of this file name, version or not (`python3.11`, `php8.2`, `ruby3.1`); nil
  /// for a program that stands for itself.
  init?(program: String) {
    let name = String(program.prefix { $0.isLetter })
    let rest = program.dropFirst(name.count)
    guard rest.allSatisfy({ $0.isNumber || $0 == "." }) else { return nil }
    guard let found = Self.allCases.first(where: { $0.programs.contains(name) }) else {
      return nil
    }
    self = found
  }

  private var programs: [String] {
    switch self {
    case .java: ["java"]
    case .python: ["python", "pypy"]
    case .node: ["node", "nodejs", "bun", "deno"]
    case .ruby: ["ruby", "jruby"]
    case .perl: ["perl"]
    case .php: ["php"]
    case .shell: ["sh", "bash", "dash", "ash", "zsh", "ksh"]
    case .lua: ["lua", "luajit"]
    case .dotnet: ["dotnet"]
    }
  }

  /// Options whose value is the next argument, so that it is not taken for the script.
  private var valued: Set<String> {
    switch self {
    case .java:
      [
        "-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path",
        "--add-modules", "--add-opens", "--add-exports", "--add-reads", "--limit-modules",
        "--source", "--patch-module", "--enable-native-access",
      ]
    case .python: ["-W", "-X", "--check-hash-based-pycs"]
    case .node:
      ["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"]
    case .ruby: ["-I", "-r", "-C", "-E"]
    case .perl: ["-I"]
    case .php: ["-c", "-d", "-z", "-t", "-S"]
    case .shell: ["-o", "-O", "+o", "+O", "--rcfile", "--init-file"]
    case .lua: ["-l"]
    case .dotnet: ["--runtimeconfig", "--depsfile", "--fx-version", "--additionalprobingpath"]
    }
  }

  /// Options that bring the program's text themselves, so that it has no name.
  private var inline: Set<String> {
    switch self {
    case .java, .dotnet: []
    case .python, .shell: ["-c"]
    case .node: ["-e", "--eval", "-p", "--print", "-pe"]
    case .ruby: ["-e"]
    case .perl: ["-e", "-E", "-ne", "-pe"]
    case .php: ["-r"]
    case .lua: ["-e"]
    }
  }

  /// Options whose value is the program.
  private var naming: Set<String> {
    switch self {
    case .java: ["-jar", "-m", "--module"]
    case .python: ["-m"]
    case .php: ["-f"]
    default: []
    }
  }

  /// Commands of the interpreter itself that come before the program.
  private var commands: Set<String> {
    switch self {
    case .dotnet: ["exec"]
    case .node: ["run"]
    default: []
    }
  }

  /// What the interpreter runs; nil when that has no name. `arguments` begin behind the
  /// interpreter's own name.
  func subject(of arguments: ArraySlice<String>) -> String? {
    var index = arguments.startIndex
    while index < arguments.endIndex {
      let argument = arguments[index]
      index += 1
      if naming.contains(argument) {
        return index < arguments.endIndex ? name(of: arguments[index]) : nil
      }
      if valued.contains(argument) {
        index += 1
      } else if inline.contains(argument) {
        return nil
      } else if argument == "--" || commands.contains(argument) {
        continue
      } else if argument.hasPrefix("-") && argument.count > 1 {
        switch cluster(argument) {
        case .ordinary: continue
        case .inline: return nil
        case .module(let module):
          if !module.isEmpty { return module }
          return index < arguments.endIndex ? arguments[index] : nil
        }
      } else if argument == "-" || argument.isEmpty {
        // The program comes from standard input.
        return nil
      } else {
        return name(of: argument)
      }
    }
    return nil
  }

  private enum Cluster {
    case ordinary
    case inline
    case module(String)
  }

  /// Reads one-letter options that stand together: `-lc` of a shell, `-um` of Python, whose value
  /// may be joined on (`-mhttp.server`).
  private func cluster(_ argument: String) -> Cluster {
    guard self == .python || self == .shell, !argument.hasPrefix("--") else { return .ordinary }
    var letters = argument.dropFirst()
    while let letter = letters.popFirst() {
      if letter == "c" { return .inline }
      if self == .python && letter == "m" { return .module(String(letters)) }
      if self == .python && (letter == "W" || letter == "X") { return .ordinary }
    }
    return .ordinary
  }

  /// The name of what an argument points at: a file by its name, a class or module as it is.
  /// (`-m` of java says `module/class`, so there too what follows the last slash is right.)
  private func name(of argument: String) -> String? {
    let name = ProcessName.fileName(argument)
    return name.isEmpty ? nil : name
  }
}
