// The codec as Embedded Swift, where there is no test library: golden.c calls this for each file.
import TurboQuant

/// The first byte of `rows`, a golden file's, that the codec of `record` writes differently for the
/// golden input; −1 when all are equal, −2 when the record is refused.
@_cdecl("tq_first_difference")
public func firstDifference(
  record: UnsafePointer<UInt8>, recordCount: Int32, rows: UnsafePointer<UInt8>, rowsCount: Int32
) -> Int32 {
  let expected = UnsafeBufferPointer(start: rows, count: Int(rowsCount))
  do throws(CodecError) {
    let bytes = UnsafeRawBufferPointer(start: record, count: Int(recordCount))
    let codec = try Codec(record: bytes.bytes)
    let input = goldenRows(dimension: codec.dimension)
    let codes = try codec.encode(input.span)
    guard codes.bytes.count == expected.count else {
      return Int32(min(codes.bytes.count, expected.count))
    }
    return Int32(codes.bytes.indices.first { codes.bytes[$0] != expected[$0] } ?? -1)
  } catch {
    return -2
  }
}

/// Five rows of x[row][i] = ((37 i + 101 row + i² row) mod 61) − 30, as Documentation/FileFormat.md
/// says.
private func goldenRows(dimension: Int) -> [Float] {
  var rows: [Float] = []
  for row in 0..<5 {
    for i in 0..<dimension {
      let value: Int = (37 * i + 101 * row + i * i * row) % 61
      rows.append(Float(value - 30))
    }
  }
  return rows
}
