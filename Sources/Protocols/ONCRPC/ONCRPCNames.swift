// SPDX-License-Identifier: Apache-2.0

/// Names of programs (https://www.iana.org/assignments/rpc-program-numbers), procedures and results.
enum ONCRPCNames {
  static let nfs = 100_003

  static func program(_ number: Int) -> StaticString? {
    switch number {
    case 100_000: "portmapper"
    case 100_001: "rstatd"
    case 100_003: "nfs"
    case 100_004: "ypserv"
    case 100_005: "mountd"
    case 100_007: "ypbind"
    case 100_011: "rquotad"
    case 100_021: "nlockmgr"
    case 100_024: "status"
    case 100_227: "nfs_acl"
    default: nil
    }
  }

  static func procedure(_ program: Int, _ version: Int, _ number: Int) -> StaticString? {
    if number == 0 { return "NULL" }
    switch (program, version) {
    case (100_000, 2): return name(number, in: ["SET", "UNSET", "GETPORT", "DUMP", "CALLIT"])
    case (100_000, _):
      return name(
        number,
        in: ["SET", "UNSET", "GETADDR", "DUMP", "CALLIT", "GETTIME", "UADDR2TADDR", "TADDR2UADDR"])
    case (nfs, 3): return name(number, in: third)
    case (nfs, 4): return number == 1 ? "COMPOUND" : nil
    case (nfs, 2): return name(number, in: second)
    case (100_005, _): return name(number, in: ["MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT"])
    case (100_021, _): return name(number, in: ["TEST", "LOCK", "CANCEL", "UNLOCK", "GRANTED"])
    default: return nil
    }
  }

  private static func name(_ number: Int, in names: [StaticString]) -> StaticString? {
    1...names.count ~= number ? names[number - 1] : nil
  }

  /// RFC 1094 section 2.2, RFC 1813 section 3.3.
  private static let second: [StaticString] = [
    "GETATTR", "SETATTR", "ROOT", "LOOKUP", "READLINK", "READ", "WRITECACHE", "WRITE", "CREATE",
    "REMOVE", "RENAME", "LINK", "SYMLINK", "MKDIR", "RMDIR", "READDIR", "STATFS",
  ]
  private static let third: [StaticString] = [
    "GETATTR", "SETATTR", "LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE", "MKDIR",
    "SYMLINK", "MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK", "READDIR", "READDIRPLUS", "FSSTAT",
    "FSINFO", "PATHCONF", "COMMIT",
  ]

  /// How an accepted call went (RFC 5531 section 9).
  static func outcome(_ number: Int) -> StaticString {
    switch number {
    case 1: "PROG_UNAVAIL"
    case 2: "PROG_MISMATCH"
    case 3: "PROC_UNAVAIL"
    case 4: "GARBAGE_ARGS"
    default: "SYSTEM_ERR"
    }
  }

  /// RFC 1813 section 2.6, RFC 7530 section 13.
  static func nfsStatus(_ number: UInt32) -> StaticString? {
    switch number {
    case 1: "NFSERR_PERM"
    case 2: "NFSERR_NOENT"
    case 5: "NFSERR_IO"
    case 6: "NFSERR_NXIO"
    case 13: "NFSERR_ACCES"
    case 17: "NFSERR_EXIST"
    case 18: "NFSERR_XDEV"
    case 19: "NFSERR_NODEV"
    case 20: "NFSERR_NOTDIR"
    case 21: "NFSERR_ISDIR"
    case 22: "NFSERR_INVAL"
    case 27: "NFSERR_FBIG"
    case 28: "NFSERR_NOSPC"
    case 30: "NFSERR_ROFS"
    case 31: "NFSERR_MLINK"
    case 63: "NFSERR_NAMETOOLONG"
    case 66: "NFSERR_NOTEMPTY"
    case 69: "NFSERR_DQUOT"
    case 70: "NFSERR_STALE"
    case 10_001: "NFSERR_BADHANDLE"
    case 10_004: "NFSERR_NOTSUPP"
    case 10_006: "NFSERR_SERVERFAULT"
    case 10_008: "NFSERR_JUKEBOX"
    default: nil
    }
  }

  /// What went wrong on the server's side: its disks, its room, itself.
  static func isServers(nfsStatus number: UInt32) -> Bool {
    [5, 6, 19, 28, 10_006, 10_008].contains(number)
  }
}
