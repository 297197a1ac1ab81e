/// The bytes of numbers, the lowest of each first.
package func littleEndian(_ values: [some FixedWidthInteger]) -> [UInt8] {
  values.flatMap { value in
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

package func bytes(_ values: [Float]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }
package func bytes(_ values: [Double]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }

/// Replaces the bytes from `offset` on by those of a number, the lowest first.
package func put(_ value: some FixedWidthInteger, at offset: Int, in bytes: inout [UInt8]) {
  for (place, byte) in littleEndian([value]).enumerated() { bytes[offset + place] = byte }
}

/// A `.npy` file with any dictionary; `padded` as NumPy does.
package func npy(
  _ dictionary: String, version: (UInt8, UInt8) = (1, 0), data: [UInt8] = [], padded: Bool = true
) -> [UInt8] {
  let lengthSize = version.0 == 1 ? 2 : 4
  var text = Array(dictionary.utf8)
  if padded {
    while (8 + lengthSize + text.count + 1) % 64 != 0 { text.append(0x20) }
    text.append(0x0A)
  }
  let length =
    lengthSize == 2 ? littleEndian([UInt16(text.count)]) : littleEndian([UInt32(text.count)])
  return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version.0, version.1] + length + text + data
}

/// A `.npy` file of values of a type, its shape written as in Python.
package func npy(
  _ type: String, _ shape: String, fortran: Bool = false, data: [UInt8] = []
) -> [UInt8] {
  npy(
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }",
    data: data)
}
