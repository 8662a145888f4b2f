// SPDX-License-Identifier: Apache-2.0

/// What the texts of MySQL's and MariaDB's errors quote
/// (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
enum MySQLErrorCode {
  static func content(_ failure: MySQLResponse.Failure) -> ErrorTextContent {
    if failure.isSignal { return .anything }
    switch failure.code {
    case 1642...1644: return .anything
    case 1062, 1169, 1586, 1761, 1762, 1859: return .valueForKey
    // Users, databases, tables, columns, keys, variables, and limits.
    case 1005...1008, 1040, 1044...1046, 1048...1052, 1054, 1060, 1061, 1068, 1072, 1091, 1103,
      1109, 1113, 1115, 1129, 1130, 1133, 1136, 1141...1143, 1146, 1147, 1161, 1176, 1177, 1193,
      1203, 1205, 1213, 1215...1217, 1222, 1226...1229, 1238, 1241, 1242, 1243, 1264, 1265, 1286,
      1290, 1304, 1305, 1317, 1318, 1319, 1327, 1328, 1356, 1364, 1370, 1396, 1406, 1410, 1451,
      1452, 1553, 1698, 1820, 1822, 1824, 1826, 1836, 1862, 2000..<3000, 3024, 3572, 3730, 3819,
      4025, 4031:
      return .names
    default: return .values
    }
  }
}
