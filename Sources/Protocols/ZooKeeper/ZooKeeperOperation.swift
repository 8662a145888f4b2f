// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is asked for: `ZooDefs.OpCode`.
enum ZooKeeperOperation: Int32 {
  case notification = 0
  case create, delete, exists, getData, setData, getACL, setACL, getChildren, sync
  case ping = 11
  case getChildren2, check, multi, create2, reconfig, checkWatches, removeWatches, createContainer
  case deleteContainer, createTTL, multiRead
  case auth = 100
  case setWatches, sasl, getEphemerals, getAllChildrenNumber, setWatches2, addWatch, whoAmI
  case createSession = -10
  case closeSession = -11
  case error = -1

  /// Whether its body begins with the path of a node.
  var beginsWithPath: Bool {
    switch self {
    case .create, .delete, .exists, .getData, .setData, .getACL, .setACL, .getChildren, .sync,
      .getChildren2, .check, .create2, .checkWatches, .removeWatches, .createContainer,
      .deleteContainer, .createTTL, .getEphemerals, .getAllChildrenNumber, .addWatch:
      true
    default: false
    }
  }

  var name: StaticString {
    switch self {
    case .notification: "notification"
    case .create: "create"
    case .delete: "delete"
    case .exists: "exists"
    case .getData: "getData"
    case .setData: "setData"
    case .getACL: "getACL"
    case .setACL: "setACL"
    case .getChildren: "getChildren"
    case .sync: "sync"
    case .ping: "ping"
    case .getChildren2: "getChildren2"
    case .check: "check"
    case .multi: "multi"
    case .create2: "create2"
    case .reconfig: "reconfig"
    case .checkWatches: "checkWatches"
    case .removeWatches: "removeWatches"
    case .createContainer: "createContainer"
    case .deleteContainer: "deleteContainer"
    case .createTTL: "createTTL"
    case .multiRead: "multiRead"
    case .auth: "auth"
    case .setWatches: "setWatches"
    case .sasl: "sasl"
    case .getEphemerals: "getEphemerals"
    case .getAllChildrenNumber: "getAllChildrenNumber"
    case .setWatches2: "setWatches2"
    case .addWatch: "addWatch"
    case .whoAmI: "whoAmI"
    case .createSession: "createSession"
    case .closeSession: "closeSession"
    case .error: "error"
    }
  }
}

/// How it went: `KeeperException.Code`. From -100 on down it is the client's.
enum ZooKeeperError {
  static let noNode: Int32 = -101
  static let noChildren: Int32 = -108
  /// Of those of several that another one took along.
  static let inconsistent: Int32 = -2

  static func status(_ code: Int32, of operation: ZooKeeperOperation?) -> ResponseStatus {
    switch code {
    case 0...: .ok
    // Whether a node is there is what was asked.
    case noNode where operation == .exists: .ok
    case -8: .clientError
    case -127, -122, -118: .serverError
    case ...(-100): .clientError
    default: .serverError
    }
  }

  static func name(_ code: Int32) -> StaticString {
    switch code {
    case -1: "SYSTEMERROR"
    case -2: "RUNTIMEINCONSISTENCY"
    case -3: "DATAINCONSISTENCY"
    case -4: "CONNECTIONLOSS"
    case -5: "MARSHALLINGERROR"
    case -6: "UNIMPLEMENTED"
    case -7: "OPERATIONTIMEOUT"
    case -8: "BADARGUMENTS"
    case -12: "UNKNOWNSESSION"
    case -13: "NEWCONFIGNOQUORUM"
    case -14: "RECONFIGINPROGRESS"
    case noNode: "NONODE"
    case -102: "NOAUTH"
    case -103: "BADVERSION"
    case noChildren: "NOCHILDRENFOREPHEMERALS"
    case -110: "NODEEXISTS"
    case -111: "NOTEMPTY"
    case -112: "SESSIONEXPIRED"
    case -113: "INVALIDCALLBACK"
    case -114: "INVALIDACL"
    case -115: "AUTHFAILED"
    case -118: "SESSIONMOVED"
    case -119: "NOTREADONLY"
    case -120: "EPHEMERALONLOCALSESSION"
    case -121: "NOWATCHER"
    case -122: "REQUESTTIMEOUT"
    case -123: "RECONFIGDISABLED"
    case -124: "SESSIONCLOSEDREQUIRESASLAUTH"
    case -125: "QUOTAEXCEEDED"
    case -127: "THROTTLEDOP"
    default: "ERROR"
    }
  }
}
