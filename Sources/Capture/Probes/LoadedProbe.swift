// SPDX-License-Identifier: Apache-2.0

internal import BPFObjects
internal import CLibBPF
internal import CProbes
internal import Glibc

/// One object of probes in the kernel, attached. Closing it takes its programs out; so does the
/// end of the process, however it ends, because nothing is pinned.
@safe final class LoadedProbe {
  private let object: OpaquePointer
  private var links: [OpaquePointer]
  /// Of `links`, the iterators that are run when they are asked for.
  private var iterators: [OpaquePointer]
  private(set) var hooks: [HookReport] = []

  /// A step that the kernel refused, by errno. ENOENT: a needed hook is not there.
  struct Refusal: Error {
    let code: CInt
  }

  /// Loads and attaches `programs` of `image`.
  ///
  /// A program that is not needed and that the kernel does not have or refuses is left out and
  /// reported. `sharing` lends its maps; without it they are made, as `options` say.
  init(
    _ image: BPFObject, programs: [ProbeProgram], options: ProbeOptions, kernel: KernelTypes,
    sharing: SharedMaps?
  ) throws(Refusal) {
    guard programs.allSatisfy({ $0.isPresent(kernel) || !$0.isNeeded }) else {
      throw Refusal(code: ENOENT)
    }
    var wanted = programs.filter { $0.isPresent(kernel) }
    do throws(Refusal) {
      unsafe object = unsafe try Self.load(
        image, wanted: wanted, options: options, sharing: sharing)
    } catch {
      // Perhaps only something optional is refused.
      wanted = wanted.filter(\.isNeeded)
      unsafe object = unsafe try Self.load(
        image, wanted: wanted, options: options, sharing: sharing)
    }
    unsafe links = []
    unsafe iterators = []
    for program in programs {
      guard wanted.contains(where: { $0.function == program.function }) else {
        hooks.append(program.report(program.isPresent(kernel) ? .refused(EPERM) : .absent))
        continue
      }
      let code = attach(program)
      hooks.append(program.report(code == 0 ? .on : .afterFailure(code)))
      if code != 0 && program.isNeeded { throw Refusal(code: code) }
    }
  }

  deinit {
    for index in unsafe links.indices { unsafe bpf_link__destroy(links[index]) }
    unsafe bpf_object__close(object)
  }

  /// The descriptor of a map; it belongs to the object. Negative when there is none of that name.
  func map(_ name: String) -> CInt {
    unsafe bpf_object__find_map_fd_by_name(object, name)
  }

  /// A program that is loaded; nil when there is none of that name.
  func program(_ name: String) -> OpaquePointer? {
    unsafe bpf_object__find_program_by_name(object, name)
  }

  /// Times that the kernel did not run one of the programs, because it was running on the CPU already.
  var misses: UInt64 {
    var sum: UInt64 = 0
    var next = unsafe bpf_object__next_program(object, nil)
    while let program = unsafe next {
      let descriptor = unsafe bpf_program__fd(program)
      if descriptor >= 0 { sum &+= mf_program_misses(descriptor) }
      unsafe next = unsafe bpf_object__next_program(object, program)
    }
    return sum
  }

  /// Opens the object, sets its maps and constants, and loads it.
  private static func load(
    _ image: BPFObject, wanted: [ProbeProgram], options: ProbeOptions, sharing: SharedMaps?
  ) throws(Refusal) -> OpaquePointer {
    let bytes = image.bytes
    let opened: OpaquePointer? = unsafe "metaflow_\(image.name)".withCString { name in
      var open = unsafe bpf_object_open_opts()
      unsafe open.sz = MemoryLayout<bpf_object_open_opts>.size
      unsafe open.object_name = unsafe name
      return unsafe bytes.withUnsafeBytes { raw in
        unsafe bpf_object__open_mem(raw.baseAddress, raw.count, &open)
      }
    }
    guard let object = unsafe opened else { throw Refusal(code: errno) }
    var code = unsafe configure(object, wanted: wanted, options: options, sharing: sharing)
    if code == 0 { code = unsafe -bpf_object__load(object) }
    guard code == 0 else {
      unsafe bpf_object__close(object)
      throw Refusal(code: code)
    }
    return unsafe object
  }

  /// Everything that must be said between opening and loading. 0 or errno.
  private static func configure(
    _ object: OpaquePointer, wanted: [ProbeProgram], options: ProbeOptions, sharing: SharedMaps?
  ) -> CInt {
    var next = unsafe bpf_object__next_program(object, nil)
    while let program = unsafe next {
      let function = unsafe String(cString: bpf_program__name(program))
      unsafe bpf_program__set_autoload(program, wanted.contains { $0.function == function })
      unsafe next = unsafe bpf_object__next_program(object, program)
    }
    let hasThreadStorage = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nil) == 1
    var config = mf_config(options, hasThreadStorage: hasThreadStorage)
    var code: CInt = 0
    if let constants = unsafe bpf_object__find_map_by_name(object, ".rodata.config") {
      code = unsafe -bpf_map__set_initial_value(
        constants, &config, MemoryLayout<mf_config>.size)
    }
    for name in SharedMaps.names where code == 0 {
      guard let map = unsafe bpf_object__find_map_by_name(object, name) else { continue }
      if let sharing {
        guard let descriptor = sharing.descriptor(name) else { return ENOENT }
        code = unsafe -bpf_map__reuse_fd(map, descriptor)
      } else if name == "ring" {
        code = unsafe -bpf_map__set_max_entries(map, options.ringSize)
      } else if name == "plain" {
        code = unsafe -bpf_map__set_max_entries(map, options.plainRingSize)
      } else if name == "tls_calls" && !hasThreadStorage {
        code = unsafe -bpf_map__set_autocreate(map, false)
      } else if name == "lanes" {
        let stride = EventLanes.stride(laneBytes: options.laneSize)
        code = unsafe -bpf_map__set_value_size(map, UInt32(stride))
        if code == 0 { code = unsafe -bpf_map__set_max_entries(map, UInt32(options.laneCount)) }
      } else if name == "verdicts" {
        code = unsafe -bpf_map__set_max_entries(map, max(1, options.verdictCapacity))
      }
    }
    return code
  }

  /// Attaches one loaded program. 0 or errno.
  private func attach(_ program: ProbeProgram) -> CInt {
    guard
      let loaded = unsafe bpf_object__find_program_by_name(object, program.function)
    else { return ENOENT }
    var link: OpaquePointer?
    switch program.kind {
    case .typedTracepoint, .rawTracepoint:
      unsafe link = unsafe bpf_program__attach(loaded)
    case .controlGroup:
      guard let path = ControlGroups.unifiedRoot() else { return ENOENT }
      let group = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard group >= 0 else { return errno }
      unsafe link = unsafe bpf_program__attach_cgroup(loaded, group)
      let code = errno
      close(group)
      errno = code
    case .function: return 0
    case .iterator, .repeatedIterator:
      unsafe link = unsafe bpf_program__attach_iter(loaded, nil)
    }
    guard let link = unsafe link else { return errno }
    unsafe links.append(link)
    if program.kind == .repeatedIterator { unsafe iterators.append(link) }
    return program.kind == .iterator ? unsafe Self.runOnce(link) : 0
  }

  /// Runs the iterators that are not run once only.
  func runAgain() {
    for index in unsafe iterators.indices { _ = unsafe Self.runOnce(iterators[index]) }
  }

  /// Runs an iterator to its end. 0 or errno.
  private static func runOnce(_ link: OpaquePointer) -> CInt {
    let run = unsafe bpf_iter_create(bpf_link__fd(link))
    guard run >= 0 else { return errno }
    defer { close(run) }
    var byte: UInt8 = 0
    while true {
      let count = unsafe read(run, &byte, 1)
      if count == 0 { return 0 }
      if count < 0 && errno != EINTR && errno != EAGAIN { return errno }
    }
  }
}

extension ProbeOptions {
  /// One for each CPU that may ever be there, and direction.
  var laneCount: Int { 2 * Int(max(1, libbpf_num_possible_cpus())) }

  /// Bytes of one lane's ring, a power of two: its share, but no less than holds the largest record.
  var laneSize: UInt32 {
    Self.powerOfTwo(
      notOver: max(min(ringBytes, 1 << 30) / UInt32(laneCount), UInt32(MF_LANE_LEAST)))
  }

  /// Size of the ring for what happens seldom: a power of two and at least a page.
  var ringSize: UInt32 {
    let least = UInt32(max(4_096, sysconf(CInt(_SC_PAGESIZE))))
    return Self.powerOfTwo(notOver: min(max(ringBytes, least), 1 << 20))
  }

  /// Size of the ring for the plain text of TLS libraries: a power of two that holds a few records.
  var plainRingSize: UInt32 {
    Self.powerOfTwo(notOver: max(min(ringBytes, 1 << 30) / 4, 131_072))
  }

  /// Bytes of a lane after which the reader is woken: a power of two.
  var wakeSize: UInt32 {
    Self.powerOfTwo(notOver: wakeBytes == 0 ? laneSize / 4 : wakeBytes)
  }

  /// `bytes` is not 0.
  private static func powerOfTwo(notOver bytes: UInt32) -> UInt32 {
    1 << UInt32(31 - bytes.leadingZeroBitCount)
  }
}

extension mf_config {
  init(_ options: ProbeOptions, hasThreadStorage: Bool) {
    self.init(
      ignored_process: options.ignoredProcess,
      request_limit: min(options.requestLimit, UInt32(MF_CALL_MAX.rawValue)),
      first_limit: min(options.firstLimit, UInt32(MF_CALL_MAX.rawValue)),
      payload_limit: min(options.payloadLimit, UInt32(MF_CALL_MAX.rawValue)),
      wake_bytes: options.wakeSize,
      only_process: options.filter.process,
      only_namespace: options.filter.networkNamespace,
      only_port: UInt32(options.filter.port),
      lane_bytes: options.laneSize,
      has_thread_storage: hasThreadStorage ? 1 : 0)
  }
}
