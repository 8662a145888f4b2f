// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConfigurationFile
import Glibc

/// Exit codes, from sysexits(3).
enum Failure {
  static let damagedInput: Int32 = 65
  static let noInput: Int32 = 66
  static let unavailable: Int32 = 69
  static let output: Int32 = 74
  static let interrupted: Int32 = 75
  static let refused: Int32 = 77
  static let configuration: Int32 = 78
}

/// Writes a line to standard error, unbuffered and whole.
func say(_ text: String) {
  let line = Array("\(text)\n".utf8)
  unsafe line.withUnsafeBytes { bytes in
    _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
  }
}

/// Says why the command ends, and gives the code to end with.
func refuse(_ text: String, _ code: Int32) -> ExitCode {
  say("metaflow-agent: \(text)")
  return ExitCode(code)
}

/// Reads the address that an option names.
func address(_ text: String, option: String) throws(ConfigurationError) -> NetworkAddress {
  guard let address = NetworkAddress(text) else {
    throw ConfigurationError(
      "\(option) is '\(text)'; it must be an address such as 127.0.0.1:20033")
  }
  return address
}
