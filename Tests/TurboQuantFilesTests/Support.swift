import Foundation
import TestSupport
import Testing
import TurboQuantFiles
import TurboQuantStorage

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
    let rows = try file.read(upTo: rowsAtOnce, into: &block)
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
  thrownError(sourceLocation, of: body)
}
