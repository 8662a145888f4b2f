// SPDX-License-Identifier: Apache-2.0

/// The name by which people know a process.
///
/// For a program it is the executable's file name. For an interpreter it is what it runs: the jar
/// or main class of `java`, the module or script of `python3`, the script of the others. Where an
/// interpreter runs code that has no name (`-c`, `-e`, a prompt) the interpreter's own remains.
package enum ProcessName {
  /// Longest name, in bytes.
  package static let limit = 256

  /// Names a process by its arguments, the path of its executable and its main thread's name.
  ///
  /// Any of them may be empty. A process may have overwritten its arguments to show a title
  /// (`gunicorn: master [shop]`); then the title's first word is taken.
  package static func name(arguments: [String], executable: String, kernelName: String) -> String {
    let program = programName(arguments: arguments, executable: executable, kernelName: kernelName)
    let name = Interpreter(program: program).flatMap { interpreter in
      titleName(arguments, interpreter) ?? interpreter.subject(of: arguments.dropFirst())
    }
    return cut(name ?? plainName(program))
  }

  /// The executable's file name, or the next best.
  private static func programName(
    arguments: [String], executable: String, kernelName: String
  ) -> String {
    let deleted = " (deleted)"
    let path = executable.hasSuffix(deleted) ? executable.dropLast(deleted.count) : executable[...]
    let file = fileName(path)
    let first = arguments.first.map { fileName(firstWord($0)) } ?? ""
    // One file that is many programs, by the name it is called with. Besides those that are known for
    // it (redis-server is a link to redis-check-rdb), the kernel names the thread after that name.
    let isManyPrograms = ["busybox", "toybox", "coreutils"].contains(file)
    // A program that started itself by way of /proc/self/exe is not called exe.
    let isCalledSo =
      Array(first.utf8.prefix(15)) == Array(kernelName.utf8)
      && arguments.first?.hasPrefix("/proc/") == false
    if !first.isEmpty, isManyPrograms || isCalledSo { return first }
    if !file.isEmpty { return file }
    return first.isEmpty ? kernelName : first
  }

  /// The name in a title that an interpreted program gave itself; nil when there is no title.
  private static func titleName(_ arguments: [String], _ interpreter: Interpreter) -> String? {
    guard let title = arguments.first, arguments.dropFirst().allSatisfy(\.isEmpty) else {
      return nil
    }
    let name = fileName(firstWord(title))
    guard !name.isEmpty, Interpreter(program: name) == nil else { return nil }
    return name
  }

  /// Some programs carry their version in the file name: `php-fpm8.2`.
  private static func plainName(_ program: String) -> String {
    guard program.hasPrefix("php-fpm") else { return program }
    return "php-fpm"
  }

  /// What stands before the first colon or blank: `nginx` of `nginx: worker process`.
  private static func firstWord(_ title: String) -> Substring {
    // A login shell's name begins with a dash.
    title.drop { $0 == "-" }.prefix { $0 != ":" && $0 != " " }
  }

  static func fileName(_ path: some StringProtocol) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  private static func cut(_ name: String) -> String {
    guard name.utf8.count > limit else { return name }
    var kept = ""
    for character in name {
      if kept.utf8.count + String(character).utf8.count > limit { break }
      kept.append(character)
    }
    return kept
  }
}
