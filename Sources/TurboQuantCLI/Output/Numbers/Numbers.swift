/// Numbers as people read them.
enum Numbers {
  /// With `places` digits after the point, rounded to the nearest, from halves to even.
  static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let digits = DecimalDigits(value).rounded(toPlaces: places)
    return sign(value) + pointed(digits, places)
  }

  /// Digits as text, `places` of them after the point and at least one before it.
  private static func pointed(_ digits: [UInt8], _ places: Int) -> String {
    let missing = [UInt8](repeating: 0, count: max(0, places + 1 - digits.count))
    let text = (missing + digits).map { Character(UnicodeScalar($0 + 0x30)) }
    let whole = String(text.dropLast(places))
    return places > 0 ? "\(whole).\(String(text.suffix(places)))" : whole
  }

  /// One digit, a point, `places` digits, and a power of ten of at least two digits.
  private static func scientific(_ value: Double, _ places: Int) -> String {
    let exact = DecimalDigits(value)
    let digits = exact.rounded(toPlaces: places - exact.exponent)
    // Rounding up to a power of ten makes one digit more.
    let power = exact.exponent + digits.count - (places + 1)
    let exponent = (power < 0 ? "e-" : "e+") + pair(abs(power))
    return sign(value) + pointed(Array(digits.prefix(places + 1)), places) + exponent
  }

  private static func sign(_ value: Double) -> String { value.sign == .minus ? "-" : "" }

  /// With a zero before it where it has one digit.
  private static func pair(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// With `digits` significant digits, without a power of ten from 0.0001 on.
  static func significant(_ value: Double, _ digits: Int) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    let places = digits - 1 - exponent(of: value)
    guard places <= digits + 4 else { return scientific(value, digits - 1) }
    return fixed(value, max(0, places))
  }

  /// The power of ten of the first digit of a finite number, 0 for 0.
  static func exponent(of value: Double) -> Int { DecimalDigits(value).exponent }

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
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(pair(whole % 60)) s" }
    return "\(whole / 3600) h \(pair(whole / 60 % 60)) min"
  }
}

extension Numbers {
  /// Without a point where the number is whole.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? fixed(value, 0) : "\(value)"
  }
}
