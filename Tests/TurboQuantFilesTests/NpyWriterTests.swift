import Foundation
import TestSupport
import Testing
import TurboQuantFiles
import TurboQuantStorage

@Suite struct NpyWriterTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func write(_ values: [Float], dimension: Int, rowsAtOnce: Int = 2) throws(VectorFileError) {
    var writer = try NpyWriter(scratch.file("x.npy"), dimension: dimension)
    var start = 0
    while start < values.count {
      let end = min(start + rowsAtOnce * dimension, values.count)
      try writer.append(values.span.extracting(start..<end))
      start = end
    }
    try writer.finish()
  }

  /// Headers recorded from `numpy.save`, NumPy 2.4.6.
  @Test(arguments: [(0, 3), (3, 2), (50_000, 1)])
  func headersAreNumPys(count: Int, dimension: Int) throws {
    let values = (0..<count * dimension).map { Float($0) }
    try write(values, dimension: dimension, rowsAtOnce: 20_000)
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count), \(dimension)), }"
    let header =
      [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 0x76, 0] + Array(text.utf8)
      + [UInt8](repeating: 0x20, count: 117 - text.utf8.count) + [0x0A]
    #expect(header.count == 128)
    #expect(try scratch.read("x.npy") == header + bytes(values))
    #expect(try scratch.names == ["x.npy"])
    #expect(try readAll(scratch.file("x.npy"), rowsAtOnce: 4096).values == values)
  }

  @Test func unfinishedFilesLeaveNothing() throws {
    do {
      var writer = try NpyWriter(scratch.file("x.npy"), dimension: 2)
      try writer.append(([1, 2] as [Float]).span)
      #expect(writer.count == 1)
    }
    #expect(try scratch.names == [])
  }

  @Test func everyFailingCallLeavesTheOldFile() throws {
    let old = try scratch.write([1, 2, 3], to: "x.npy")
    let values: [Float] = [1, 2, 3, 4]
    let count = FaultInjection()
    try FaultInjection.$current.withValue(count) { try write(values, dimension: 2) }
    let renaming = try #require(count.calls.firstIndex(of: .rename))
    // A folder that cannot be listed is not swept, and the writer goes on.
    for (index, call) in count.calls[...renaming].enumerated() where call != .opendir {
      _ = try scratch.write([1, 2, 3], to: "x.npy")
      let plan = FaultInjection(failing: index, code: ErrorNumber.noSpace)
      let error = FaultInjection.$current.withValue(plan) {
        failure { () throws(VectorFileError) in try write(values, dimension: 2) }
      }
      #expect(error?.kind == .system(call: call.rawValue, code: ErrorNumber.noSpace))
      #expect(error?.path == old)
      #expect(try scratch.read("x.npy") == [1, 2, 3])
      #expect(try scratch.names == ["x.npy"])
    }
  }

  @Test func arraysAreWrittenAsSpansAre() throws {
    for name in ["array.npy", "span.npy"] {
      var writer = try NpyWriter(scratch.file(name), dimension: 2)
      let rows: [Float] = [1, 2, 3, 4]
      if name == "array.npy" { try writer.append(rows) } else { try writer.append(rows.span) }
      #expect(writer.count == 2)
      try writer.finish()
    }
    #expect(try scratch.read("array.npy") == scratch.read("span.npy"))
    #expect(try readAll(scratch.file("array.npy")).values == [1, 2, 3, 4])
  }

  @Test func misuseIsRefused() throws {
    #expect(throws: VectorFileError(.invalidDimension(0), path: "x.npy")) {
      _ = try NpyWriter("x.npy", dimension: 0).count
    }
    var writer = try NpyWriter(scratch.file("x.npy"), dimension: 2)
    let error = #expect(throws: VectorFileError.self) {
      try writer.append([1, 2, 3])
    }
    #expect(error?.kind == .misuse(reason: "3 numbers are no whole rows of 2"))
    let directory = #expect(throws: VectorFileError.self) {
      _ = try NpyWriter(scratch.path, dimension: 1).count
    }
    #expect(directory?.kind == .isDirectory)
  }
}
