// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// `LDAPResult.resultCode`: RFC 4511 appendix A.
enum LDAPResult {
  static func status(_ code: Int64) -> ResponseStatus {
    switch code {
    // Fine, compared, look elsewhere, go on with the login.
    case 0, 5, 6, 10, 14: .ok
    case 1, 3, 11, 51...54, 71, 80, 82: .serverError
    default: .clientError
    }
  }

  static func name(_ code: Int64) -> StaticString? {
    switch code {
    case 1: "operationsError"
    case 2: "protocolError"
    case 3: "timeLimitExceeded"
    case 4: "sizeLimitExceeded"
    case 7: "authMethodNotSupported"
    case 8: "strongerAuthRequired"
    case 11: "adminLimitExceeded"
    case 12: "unavailableCriticalExtension"
    case 13: "confidentialityRequired"
    case 16: "noSuchAttribute"
    case 17: "undefinedAttributeType"
    case 18: "inappropriateMatching"
    case 19: "constraintViolation"
    case 20: "attributeOrValueExists"
    case 21: "invalidAttributeSyntax"
    case 32: "noSuchObject"
    case 33: "aliasProblem"
    case 34: "invalidDNSyntax"
    case 36: "aliasDereferencingProblem"
    case 48: "inappropriateAuthentication"
    case 49: "invalidCredentials"
    case 50: "insufficientAccessRights"
    case 51: "busy"
    case 52: "unavailable"
    case 53: "unwillingToPerform"
    case 54: "loopDetect"
    case 64: "namingViolation"
    case 65: "objectClassViolation"
    case 66: "notAllowedOnNonLeaf"
    case 67: "notAllowedOnRDN"
    case 68: "entryAlreadyExists"
    case 69: "objectClassModsProhibited"
    case 71: "affectsMultipleDSAs"
    case 80: "other"
    case 118: "canceled"
    default: nil
    }
  }
}
