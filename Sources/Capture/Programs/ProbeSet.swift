// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Probes in the functions of libraries: put in when a file that has such functions comes to be used,
/// in whatever container, and taken out when nobody has it any more.
///
/// Files count by their identity: probes of one are in every process that has it, now or later, and a
/// library that was replaced on disk is another. Owned by one thread, which reads ELF files and /proc
/// and waits for the kernel.
struct ProbeSet: ~Copyable {
  /// Of every way in which programs do TLS.
  let probes: [PlainTextProbe]
  /// nil when it does not tell what processes map: then they are looked through.
  private let events: MappingEvents?
  private var files: [FileIdentity: ProbedFile] = [:]
  /// Files without such functions, so that each is read once.
  private var strange: Set<FileIdentity> = []
  private var looks = 0
  private var told: [LibraryReport] = []

  /// Looks of a round in which the users of files, and whether a library was replaced, are looked at,
  /// and in which all processes are where nothing tells what they map.
  private static let (looksPerCheck, looksPerSearch) = (5, 50)
  private static let strangeLimit = 8_192
  static let fileLimit = 1_024

  init(sharing maps: SharedMaps, options: ProbeOptions) {
    probes = PlainTextProbe.all(sharing: maps, options: options)
    events = try? MappingEvents()
    guard canProbe else { return }
    for path in Self.installed() { note(installed: path) }
    search()
    // They are all in ``reports``.
    told = []
  }

  private var canProbe: Bool { probes.contains { $0.refusal == nil } }

  /// Whether libraries that programs load later are seen at once.
  var hearsOfMappings: Bool { events != nil }

  /// The files that probes are in, or could not be put into.
  var reports: [LibraryReport] { files.values.map(\.report).sorted { $0.path < $1.path } }

  /// Who has them.
  var uses: [LibraryUse] {
    files.values.map { file in
      LibraryUse(
        library: file.report,
        processes: Array(file.users.sorted().prefix(LibraryUse.mostProcesses)))
    }.sorted { $0.library.path < $1.library.path }
  }

  /// Looks at what was mapped since the last time, every 200 ms. Returns what is new.
  mutating func look() -> [LibraryReport] {
    guard canProbe else { return [] }
    looks += 1
    var mapped: [FileMapping] = []
    var isWhole = true
    if let events {
      isWhole = events.read { if $0.mayHoldTLS { mapped.append($0) } }
    } else {
      isWhole = looks % Self.looksPerSearch != 0
    }
    for mapping in mapped { note(mapping) }
    if !isWhole { search() }
    if looks % Self.looksPerCheck == 0 { check() }
    defer { told.removeAll() }
    return told
  }

  /// Looks through everything that runs.
  private mutating func search() {
    for process in ProcessReader.numbers() {
      for mapping in FileMapping.all(of: Int32(bitPattern: process)) where mapping.mayHoldTLS {
        note(mapping)
      }
    }
  }

  private mutating func note(_ mapping: FileMapping) {
    let descriptor = mapping.open()
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard let file = FileIdentity(descriptor: descriptor), !strange.contains(file) else { return }
    if files[file] == nil { putIn(file, descriptor, path: mapping.path, isInstalled: false) }
    files[file]?.users.insert(mapping.process)
  }

  /// A library of this host is of interest before anybody has it, so that nobody's first call is missed.
  private mutating func note(installed path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard let file = FileIdentity(descriptor: descriptor), !strange.contains(file) else { return }
    if files[file] == nil { putIn(file, descriptor, path: path, isInstalled: true) }
    files[file]?.isInstalled = true
  }

  private mutating func putIn(
    _ file: FileIdentity, _ descriptor: CInt, path: String, isInstalled: Bool
  ) {
    guard files.count < Self.fileLimit else { return }
    var probed = ProbedFile(path: path, isInstalled: isInstalled)
    do throws(ELFFile.Fault) {
      let image = try ELFFile(descriptor: descriptor)
      var isOfInterest = false
      for probe in probes {
        let places = try probe.implementation.places(in: image)
        guard !places.isEmpty else { continue }
        isOfInterest = true
        probed.putIn(probe, places, descriptor)
      }
      guard isOfInterest else { return setAside(file) }
    } catch .foreign {
      // A script's interpreter is looked at by itself.
      return setAside(file)
    } catch {
      probed.state = .unreadable("\(error)")
    }
    files[file] = probed
    told.append(probed.report)
  }

  private mutating func setAside(_ file: FileIdentity) {
    if strange.count >= Self.strangeLimit { strange.removeAll() }
    strange.insert(file)
  }

  /// Forgets processes that are gone and files that nobody has, and finds libraries that were replaced.
  private mutating func check() {
    for (file, probed) in files {
      if probed.isInstalled, FileIdentity(path: probed.path) != file {
        files[file]?.isInstalled = false
        note(installed: probed.path)
      }
      files[file]?.users = probed.users.filter { unsafe access("/proc/\($0)", F_OK) == 0 }
      guard let left = files[file], left.users.isEmpty, !left.isInstalled else { continue }
      // Children have what their parents mapped, and nothing tells of it.
      files[file]?.users = Self.users(of: file, named: left.path)
      guard files[file]?.users.isEmpty == true else { continue }
      files[file] = nil
      told.append(LibraryReport(path: left.path, state: .gone))
    }
  }

  private static func users(of file: FileIdentity, named path: String) -> Set<Int32> {
    let name = path.split(separator: " ").first ?? ""
    var users: Set<Int32> = []
    for process in ProcessReader.numbers() {
      for mapping in FileMapping.all(of: Int32(bitPattern: process))
      where mapping.path.hasPrefix(name) {
        let descriptor = mapping.open()
        guard descriptor >= 0 else { continue }
        if FileIdentity(descriptor: descriptor) == file { users.insert(mapping.process) }
        close(descriptor)
      }
    }
    return users
  }

  /// The libraries that this host's programs load, wherever distributions put them.
  private static func installed() -> [String] {
    var paths: [String] = []
    for folder in [
      "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/lib", "/usr/local/lib",
      "/usr/local/lib64",
    ] {
      let names = (HostFile.names(in: folder) ?? []).filter {
        $0.hasPrefix("libssl.so") || $0.hasPrefix("libgnutls.so")
      }
      // The library's own name comes before those that only point to it.
      for name in names.sorted(by: { $0.utf8.count > $1.utf8.count }) {
        paths.append("\(folder)/\(name)")
      }
    }
    return paths
  }
}
