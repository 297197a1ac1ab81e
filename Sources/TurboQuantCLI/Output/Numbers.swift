internal import Foundation

/// Numbers as people read them.
enum Numbers {
  /// With `places` digits after the point.
  static func fixed(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)f", value)
  }

  /// With `digits` significant digits, without a power of ten from 0.0001 on.
  static func significant(_ value: Double, _ digits: Int) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    let places = digits - 1 - Int(floor(log10(abs(value))))
    guard places <= digits + 4 else { return String(format: "%.\(digits - 1)e", value) }
    return fixed(value, max(0, places))
  }

  /// A whole number with commas between thousands.
  static func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (i, digit) in digits.enumerated() {
      if i > 0, (digits.count - i) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A number of things, such as “1 row” or “2,000 rows”.
  static func counted(_ count: Int, _ thing: String, _ things: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? thing : things ?? thing + "s")"
  }

  /// A number of bytes in the unit that suits it (powers of 1000).
  static func bytes(_ count: Double) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    var (value, unit) = (count, 0)
    while value >= 999.5, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
    return "\(unit == 0 ? fixed(value, 0) : significant(value, 3)) \(units[unit])"
  }

  /// A rate per second in the unit that suits it, such as “1.2 M”.
  static func rate(_ value: Double) -> String {
    switch value {
    case 999_500...: "\(significant(value / 1e6, 3)) M"
    case 9_999.5...: "\(significant(value / 1e3, 3)) k"
    default: fixed(value, 0)
    }
  }

  /// A time to go, such as “12 s”, “3 min 05 s” or “2 h 10 min”.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(seconds.rounded(.up), 1e9))
    let pair = { (number: Int) in String(format: "%02d", number) }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(pair(whole % 60)) s" }
    return "\(whole / 3600) h \(pair(whole / 60 % 60)) min"
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

extension Numbers {
  /// Without a point where the number is whole.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? fixed(value, 0) : "\(value)"
  }
}
