import Foundation
import TestSupport
import Testing
import TurboQuantFiles
import TurboQuantStorage

@Suite struct RefusalTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Reads all of a file made of `bytes`; returns the message after the path.
  func message(
    _ bytes: [UInt8], _ name: String = "x.npy", alsoStreamed: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let path = try scratch.write(bytes, to: name)
    let error = failure(sourceLocation) { () throws(VectorFileError) in try readAll(path) }
    if name.hasSuffix(".npy") && alsoStreamed {
      let streamed = failure(sourceLocation) { () throws(VectorFileError) in
        try readStream(path)
      }
      #expect(streamed == error, sourceLocation: sourceLocation)
    }
    let text = error?.description ?? ""
    #expect(text.hasPrefix(path + ": "), sourceLocation: sourceLocation)
    return String(text.dropFirst(path.count + 2))
  }

  @Test func otherFilesAreNamed() throws {
    #expect(
      try message([0x89, 0x50, 0x4E, 0x47, 0, 1, 2]) == "not a .npy file (first bytes are "
        + "89 50 4e 47 00 01, expected 93 4e 55 4d 50 59) (at byte 0) — write it with numpy.save")
    #expect(
      try message(Array("1.0, 2.0\n".utf8)) == "not a .npy file (it looks like text and begins "
        + "\"1.0, 2\", expected 93 4e 55 4d 50 59) (at byte 0) — write it with numpy.save")
    #expect(
      try message([]) == "is empty (0 bytes), expected a file of vectors (at byte 0) — "
        + "was it copied or written completely?")
    #expect(
      try message([1], "x.parquet") == "unknown extension \".parquet\", expected .npy, .fvecs or "
        + ".fbin — convert it with numpy.save")
    #expect(
      try message([1], "x") == "no extension, expected .npy, .fvecs or .fbin — "
        + "rename it to end in .npy if numpy.save wrote it, or write it with numpy.save")
    #expect(
      try message([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 4, 0, 0, 0, 0, 0]) == ".npy format version "
        + "4.0, expected 1.0, 2.0 or 3.0 (at byte 6) — write it again with numpy.save")
  }

  @Test func otherPathsAreNamed() throws {
    func message(_ path: String) -> String {
      failure { () throws(VectorFileError) in try readAll(path) }?.description ?? ""
    }
    let missing = scratch.file("no.npy")
    #expect(message(missing) == "\(missing): no such file — check the path")
    #expect(
      message(scratch.path) == "\(scratch.path): is a directory, expected a file — "
        + "name a file inside it")
    #expect(message("/dev/null").contains("name it \"-\""))
    let plan = FaultInjection(failing: 0, code: ErrorNumber.permissionDenied)
    FaultInjection.$current.withValue(plan) {
      #expect(
        message(missing) == "\(missing): permission denied — check who may read or write it")
    }
  }

  @Test func otherArraysAreNamed() throws {
    #expect(
      try message(npy("<i4", "(1, 1)", data: [0, 0, 0, 0])) == "dtype '<i4' (int32), expected "
        + "float16, float32 or float64 (at byte 10) — convert with x.astype(numpy.float32)")
    for type in [">i4", "|u1", "=f4", "<f16", "f4", "|f4", "<c8", "a\\nb"] {
      #expect(try !message(npy(type, "(1, 1)")).isEmpty)
    }
    #expect(
      try message(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }"))
        .hasSuffix("— save one field, x['name'].astype(numpy.float32)"))
    let types = [
      ("<V2", "bfloat16"), ("|V2", "bfloat16"), ("bfloat16", "bfloat16"), ("|O", "Python objects"),
      ("<U7", "text"), ("<c16", "complex128"), ("|b1", "truth values"), ("<M8[ns]", "times"),
      ("<f16", "float128"),
    ]
    for (type, word) in types {
      let text = try message(npy(type, "(1, 1)"))
      #expect(text.contains(word) && text.contains(/— .*(save|astype|tolist)/), "\(text)")
    }
    #expect(
      try message(npy("<f4", "(3,)")) == "the array has 1 dimension, expected 2 (vectors by "
        + "coordinates) (at byte 10) — for one vector use x.reshape(1, -1)")
    #expect(
      try message(npy("<f4", "(3, 2, 1)")) == "the array has 3 dimensions, expected 2 (vectors by "
        + "coordinates) (at byte 10) — use x.reshape(-1, x.shape[-1])")
    #expect(try message(npy("<f4", "()")).hasPrefix("the array has 0 dimensions"))
    #expect(
      try message(npy("<f4", "(3, 0)")) == "the array has the shape (3, 0) and no numbers in it "
        + "(at byte 10) — was the right array saved?")
    #expect(try message(npy("<f4", "(0,)")).hasPrefix("the array has the shape (0,) and no"))
  }

  @Test func archivesAndOtherFormatsAreNamed() throws {
    let zip = Array("PK\u{3}\u{4}\u{2D}\0\0\0".utf8)
    let advice = "save one of its arrays: numpy.save('x.npy', numpy.load('x.npz')['name'])"
    #expect(
      try message(zip, "x.npz") == "a .npz archive of several arrays, expected one array in a .npy "
        + "file — " + advice)
    #expect(
      try message(zip) == "a zip archive, as .npz and .pt files are, not a .npy file (at byte 0) — "
        + advice)
    #expect(try message([0x80, 4, 0x95, 0, 0, 0]).hasPrefix("a Python pickle, not a .npy file"))
    #expect(try message(Array("PAR1....".utf8)).hasPrefix("a Parquet file, not"))
    #expect(try message([1], "x.tqv").hasSuffix("— these are codes; decode them first"))
  }

  @Test func fortranOrderIsReadFromFilesAlone() throws {
    let data = bytes([1, 2, 3, 4, 5, .nan] as [Float])
    let path = try scratch.write(npy("<f4", "(3, 2)", fortran: true, data: data), to: "x.npy")
    let streamed = failure { () throws(VectorFileError) in try readStream(path) }
    #expect(
      streamed?.description == "\(path): in Fortran order, so that the first row ends with the "
        + "stream — convert with numpy.ascontiguousarray(x), or name a file")
    // The last number of the file is the last row's last column.
    let mapped = failure { () throws(VectorFileError) in try readAll(path) }
    #expect(mapped?.row == 2 && mapped?.column == 1 && mapped?.offset == 128 + 20)
  }

  @Test func wrongLengthsAreNamed() throws {
    let data = bytes([1, 2, 3, 4, 5, 6] as [Float])
    #expect(
      try message(npy("<f4", "(3, 2)", data: Array(data[..<13]))) == "is cut short: 141 bytes, "
        + "expected 152 (at row 1, byte 141) — was it copied or written completely?")
    #expect(
      try message(npy("<f4", "(3, 2)", data: data + [0])) == "is too long: 153 bytes, "
        + "expected 152 (at byte 152) — was something appended to it?")
    #expect(try message(npy("<f4", "(0, 2)", data: [0])).hasPrefix("is too long: 129 bytes"))
    let count = 1 << 60
    #expect(
      try message(npy("<f4", "(\(count), 1)", data: data)) == "is cut short: 152 bytes, expected "
        + "\(4 * count + 128) (at row 6, byte 152) — was it copied or written completely?")
    for shape in ["(\(count), 384)", "(1, \(Int.max))", "(\(UInt64.max), 2)"] {
      #expect(
        try message(npy("<f4", shape, data: data)).hasPrefix(
          "the header claims more bytes than any file can hold"))
    }
    #expect(
      try message(npy("<f4", "(1, \(count))", data: data)).hasPrefix("is cut short: 152 bytes"))
  }

  @Test func brokenHeadersAreNamed() throws {
    func reason(_ dictionary: String, padded: Bool = true) throws -> String {
      let text = try message(npy(dictionary, padded: padded))
      #expect(text.hasPrefix("malformed header: ") || text.hasPrefix("dtype"), "\(text)")
      return text
    }
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
    #expect(try reason("(1, 2)").contains("expected '{' (at byte 10)"))
    #expect(try reason("{'descr': '<f4'}").contains("keys descr, expected descr,"))
    #expect(try reason("{'descr': '<f4', 'descr': '<f4'}").contains("appears twice"))
    #expect(try reason("{'descr': '<f4' 'shape': (1, 2)}").contains("expected ','"))
    #expect(try reason("{'descr': '<f4', 'fortran_order': 0}").contains("quoted string"))
    #expect(
      try reason("{'descr': '<f4', 'fortran_order': 'x', 'shape': (1, 2)}").contains("True nor"))
    #expect(
      try reason("{'descr': '<f4', 'fortran_order': False, 'shape': (3)}").contains("a tuple"))
    #expect(
      try reason("{'descr': '<f4', 'fortran_order': False, 'shape': True}").contains("a tuple"))
    #expect(
      try reason("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2)}").contains("number"))
    #expect(try reason("{'descr': '<f4").contains("without an end"))
    #expect(try reason(good + " x").contains("spaces and one line end"))
    #expect(try reason(good, padded: false).contains("spaces and one line end"))
    #expect(try message(npy("", data: [0, 0], padded: false)).contains("its length is 0"))
    let long = npy(
      good + String(repeating: " ", count: 65_600), version: (2, 0), data: bytes([1, 2] as [Float]))
    #expect(try message(long).contains("expected 2 to 65535"))
  }

  @Test(arguments: ["<f2", "<f4", "<f8"])
  func valuesThatAreNotFiniteAreNamed(type: String) throws {
    let size = Int(type.dropFirst(2)) ?? 0
    let infinity: [UInt8]
    let notANumber: [UInt8]
    switch type {
    case "<f2": (infinity, notANumber) = ([0, 0xFC], [1, 0x7C])
    case "<f4": (infinity, notANumber) = (bytes([-Float.infinity]), bytes([Float.nan]))
    default: (infinity, notANumber) = (bytes([-Double.infinity]), bytes([Double.nan]))
    }
    let (rows, columns) = (41, 101)
    for (row, column) in [(0, 0), (0, 100), (1, 0), (20, 50), (40, 99), (40, 100)] {
      for (value, word) in [(infinity, "infinite"), (notANumber, "NaN")] {
        var data = [UInt8](repeating: 0, count: rows * columns * size)
        let offset = (row * columns + column) * size
        data.replaceSubrange(offset..<offset + size, with: value)
        let text = try message(npy(type, "(\(rows), \(columns))", data: data))
        #expect(
          text.hasPrefix(
            "a value is \(word), expected finite numbers "
              + "(at row \(row), column \(column), byte \(128 + offset))"))
      }
    }
  }

  @Test func float64BeyondFloat32IsNamed() throws {
    let data = bytes([1, 2, 3, -1e300] as [Double])
    #expect(
      try message(npy("<f8", "(2, 2)", data: data)) == "the float64 value -1e+300 does not fit in "
        + "float32 (at row 1, column 1, byte 152) — scale the vectors down")
  }

  @Test func brokenFvecsAreNamed() throws {
    func row(_ values: [Float]) -> [UInt8] {
      littleEndian([Int32(values.count)]) + bytes(values)
    }
    // The size alone would allow three rows of two.
    #expect(
      try message(row([1, 2]) + row([1, 2, 3, 4, 5]), "x.fvecs") == "a row of dimension 5, "
        + "expected 2 as in row 0 (at row 1, byte 12) — is the file damaged?")
    #expect(try message(row([1, 2]) + row([3]), "x.fvecs").hasPrefix("a row of dimension 1,"))
    #expect(
      try message(row([1, 2]) + row([1, 2]).dropLast(), "x.fvecs") == "is cut short: 23 bytes, "
        + "expected 24 (at row 1, byte 23) — was it copied or written completely?")
    #expect(try message(row([]), "x.fvecs").hasPrefix("dimension 0, expected at least 1 (at row 0"))
    #expect(try message(littleEndian([Int32(-3)]), "x.fvecs").hasPrefix("dimension -3, "))
    #expect(try message(littleEndian([Int32.max]), "x.fvecs").hasPrefix("is cut short: 4 bytes"))
    #expect(try message([1, 0, 0], "x.fvecs").hasPrefix("is cut short: 3 bytes, expected 4"))
    #expect(try message([], "x.fvecs").hasPrefix("is empty"))
    #expect(
      try message(row([1, 2]) + row([3, .nan]), "x.fvecs").hasPrefix(
        "a value is NaN, expected finite numbers (at row 1, column 1, byte 20)"))
  }

  @Test func brokenFbinsAreNamed() throws {
    let data = bytes([1, 2, 3, 4] as [Float])
    func header(_ count: UInt32, _ dimension: UInt32) -> [UInt8] {
      littleEndian([count, dimension])
    }
    #expect(try message(header(3, 2) + data, "x.fbin").hasPrefix("is cut short: 24 bytes, expect"))
    #expect(try message(header(1, 2) + data, "x.fbin").hasPrefix("is too long: 24 bytes, expect"))
    #expect(try message(header(1, 0) + data, "x.fbin").hasPrefix("dimension 0, expected"))
    #expect(try message([1, 2, 3], "x.fbin").hasPrefix("is cut short: 3 bytes, expected 8"))
    #expect(
      try message(header(.max, .max), "x.fbin").hasPrefix("the header claims more bytes than any"))
  }

  @Test func everyPrefixIsRefused() throws {
    let file = npy("<f4", "(3, 2)", data: bytes([1, 2, 3, 4, 5, 6] as [Float]))
    for count in 0..<file.count {
      let text = try message(Array(file[..<count]))
      #expect(text.hasPrefix(count == 0 ? "is empty" : "is cut short: \(count) bytes"))
    }
  }

  @Test func noFlippedByteTraps() throws {
    let files = [
      ("x.npy", npy("<f8", "(3, 2)", data: bytes([1, 2, 3, 4, 5, 6] as [Double]))),
      (
        "x.fvecs",
        (0..<3).flatMap { _ in littleEndian([2] as [Int32]) + bytes([1, 2] as [Float]) }
      ),
      ("x.fbin", littleEndian([3, 2] as [UInt32]) + bytes([1, 2, 3, 4, 5, 6] as [Float])),
    ]
    for (name, file) in files {
      for index in file.indices {
        for mask in [0x01, 0x04, 0x10, 0x80, 0xFF] as [UInt8] {
          var bytes = file
          bytes[index] ^= mask
          let path = try scratch.write(bytes, to: name)
          for isStream in name.hasSuffix("npy") ? [false, true] : [false] {
            do throws(VectorFileError) {
              let contents = isStream ? try readStream(path) : try readAll(path)
              #expect(contents.values.count == contents.count * contents.dimension)
              #expect(contents.values.allSatisfy { $0.isFinite })
            } catch {
              #expect(error.path == path)
              #expect(!error.description.contains("\n"))
            }
          }
        }
      }
    }
  }
}
