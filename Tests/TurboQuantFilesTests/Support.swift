import Foundation
import Testing
import TurboQuantFiles
import TurboQuantStorage

func littleEndian(_ values: [some FixedWidthInteger]) -> [UInt8] {
  values.flatMap { value in
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

func bytes(_ values: [Float]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }
func bytes(_ values: [Double]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }

/// A `.npy` file with any dictionary; `padded` as NumPy does.
func npy(
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

func npy(_ type: String, _ shape: String, fortran: Bool = false, data: [UInt8] = []) -> [UInt8] {
  npy(
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }",
    data: data)
}

/// Everything a reader has to say about a file.
struct Contents: Equatable {
  var count = 0
  var dimension = 0
  var elementType = VectorFile.ElementType.float32
  var values: [Float] = []
}

func readAll(
  _ file: consuming VectorFile, rowsAtOnce: Int = 2
) throws(VectorFileError) -> Contents {
  var file = file
  var contents = Contents(
    count: file.count, dimension: file.dimension, elementType: file.elementType)
  var block: [Float] = [7, 7, 7]
  while true {
    let rows = try file.readRows(rowsAtOnce, into: &block)
    #expect(block.count == rows * file.dimension)
    guard rows > 0 else { return contents }
    contents.values += block
  }
}

func readAll(_ path: String, rowsAtOnce: Int = 2) throws(VectorFileError) -> Contents {
  try readAll(VectorFile.open(path), rowsAtOnce: rowsAtOnce)
}

/// Reads a file as if it came from standard input.
func readStream(_ path: String, rowsAtOnce: Int = 2) throws(VectorFileError) -> Contents {
  let file: FileDescriptor
  do throws(StorageError) {
    file = try FileDescriptor(path, .reading)
  } catch {
    Issue.record("\(error)")
    return Contents()
  }
  return try readAll(VectorFile(stream: file), rowsAtOnce: rowsAtOnce)
}

/// The error that `body` throws; a test failure and `nil` if it throws none.
func failure<Result>(
  _ sourceLocation: SourceLocation = #_sourceLocation,
  of body: () throws(VectorFileError) -> Result
) -> VectorFileError? {
  do throws(VectorFileError) {
    _ = try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return nil
  } catch {
    return error
  }
}
