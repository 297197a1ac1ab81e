/// The type of an array's elements as NumPy writes it: byte order, kind and size, such as `<f4`.
struct NumpyType: Equatable, CustomStringConvertible {
  /// Elements with several named fields, which NumPy describes by a list.
  static let records = NumpyType(text: "records")

  /// The type as NumPy writes it.
  let text: String

  /// Whether the first byte of a number is its most significant.
  var isBigEndian: Bool { text.hasPrefix(">") }

  /// Kind and size without the byte order; numbers of several bytes must have a byte order.
  private var code: String? {
    switch text.first {
    case "<", ">": String(text.dropFirst())
    case "|" where text.hasSuffix("1"): String(text.dropFirst())
    default: nil
    }
  }

  /// The type of float, if it is a supported one.
  var float: VectorFile.ElementType? {
    switch code {
    case "f2": .float16
    case "f4": .float32
    case "f8": .float64
    default: nil
    }
  }

  /// Size and signedness, if the elements are whole numbers.
  var integer: (byteCount: Int, isSigned: Bool)? {
    guard let code, let size = Int(code.dropFirst()), [1, 2, 4, 8].contains(size) else {
      return nil
    }
    switch code.first {
    case "i": return (size, true)
    case "u": return (size, false)
    default: return nil
    }
  }

  /// Whether the elements are True or False.
  var isBoolean: Bool { code == "b1" }

  /// NumPy's notation and a plain name, for an error message.
  var description: String {
    if self == .records { return "of records with named fields" }
    return "'\(text)'" + (name.map { " (\($0))" } ?? "")
  }

  private var name: String? {
    let kind = text.drop { "<>|=".contains($0) }
    let bits = Int(kind.dropFirst()).flatMap { $0 > 0 && $0 <= 64 ? 8 * $0 : nil }
    switch (kind.first, bits) {
    case (nil, _): return nil
    case ("V", 16): return "two raw bytes, as NumPy saves bfloat16"
    case ("V", 8): return "raw bytes, as NumPy saves float8"
    case ("V", _): return "raw bytes"
    case ("O", _): return "Python objects"
    case ("U", _), ("S", _), ("T", _): return "text"
    case ("M", _), ("m", _): return "times"
    case ("b", _): return kind == "bfloat16" ? nil : "truth values"
    case ("i", let bits?): return "int\(bits)"
    case ("u", let bits?): return "uint\(bits)"
    case ("f", let bits?):
      return "float\(bits)" + (float == nil && bits <= 64 ? " without a byte order" : "")
    case ("c", let bits?): return "complex\(bits)"
    default: return nil
    }
  }

  /// How to convert the array to float32 in Python.
  var advice: String {
    if self == .records { return "save one field, x['name'].astype(numpy.float32)" }
    let kind = text.drop { "<>|=".contains($0) }
    switch kind.first {
    case "V" where kind == "V2", "b" where kind == "bfloat16":
      return "before saving, convert with x.astype(numpy.float32)"
    case "V": return "save the vectors as numpy.float32"
    case "O": return "convert with numpy.array(x.tolist(), dtype=numpy.float32)"
    case "U", "S", "T", "M", "m": return "save the vectors, not their texts or times"
    case "c": return "save x.real.astype(numpy.float32), or real and imaginary parts side by side"
    default: return "convert with x.astype(numpy.float32)"
    }
  }
}
