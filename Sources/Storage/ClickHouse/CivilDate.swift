// SPDX-License-Identifier: Apache-2.0

/// The day as `2026-11-23` in the proleptic Gregorian calendar. `days` counts from 1970-01-01.
func civilDate(days: Int64) -> String {
  // Years that begin in March put the leap day last; 400 of them have 146,097 days.
  let shifted = days + 719_468
  let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
  let dayOfEra = shifted - era * 146_097
  let yearOfEra =
    (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let march = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * march + 2) / 5 + 1
  let month = march < 10 ? march + 3 : march - 9
  let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  return "\(year)-\(padded(month))-\(padded(day))"
}
