import Foundation
import TestSupport
import Testing
import TurboQuantFiles
import TurboQuantKernels
import TurboQuantStorage

@Suite struct ReadingTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  static let values: [Float] = [0, -0.0, 1, -2.5, 65504, 0x1p-24, -0x1.8p-15, 3, 4, 5, 6, 7]

  @Test(arguments: ["<f2", "<f4", "<f8"], [1, 2, 4, 100])
  func everyElementTypeComesBack(type: String, rowsAtOnce: Int) throws {
    let data =
      switch type {
      case "<f2":
        littleEndian(
          [
            0, 0x8000, 0x3C00, 0xC100, 0x7BFF, 1, 0x8300, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700,
          ] as [UInt16])
      case "<f4": bytes(Self.values)
      default: bytes(Self.values.map(Double.init))
      }
    let path = try scratch.write(npy(type, "(4, 3)", data: data), to: "x.NPY")
    for contents in [
      try readAll(path, rowsAtOnce: rowsAtOnce), try readStream(path, rowsAtOnce: rowsAtOnce),
    ] {
      #expect(contents.count == 4)
      #expect(contents.dimension == 3)
      #expect(contents.elementType.byteCount == Int(type.dropFirst(2)))
      #expect(contents.values.map(\.bitPattern) == Self.values.map(\.bitPattern))
    }
  }

  /// Files as other machines and transposed arrays make them, against the plain one.
  @Test(arguments: ["f2", "f4", "f8"], [1, 3, 100])
  func everyOrderComesBack(type: String, rowsAtOnce: Int) throws {
    // Whole numbers, which every type holds: row r, column c is 10 r + c.
    let (rows, columns) = (4, 3)
    let values = (0..<rows).flatMap { row in (0..<columns).map { Float(10 * row + $0) } }
    let columnwise = (0..<columns).flatMap { column in
      (0..<rows).map { values[$0 * columns + column] }
    }
    for (isFortran, isBigEndian) in [(false, true), (true, false), (true, true)] {
      let stored = isFortran ? columnwise : values
      let numbers: [[UInt8]] = stored.map { value in
        switch type {
        case "f2": littleEndian([half(value)])
        case "f4": bytes([value])
        default: bytes([Double(value)])
        }
      }
      let data = numbers.flatMap { isBigEndian ? $0.reversed() : $0 }
      let name = (isBigEndian ? ">" : "<") + type
      let path = try scratch.write(
        npy(name, "(\(rows), \(columns))", fortran: isFortran, data: data), to: "x.npy")
      #expect(try readAll(path, rowsAtOnce: rowsAtOnce).values == values)
      if !isFortran { #expect(try readStream(path, rowsAtOnce: rowsAtOnce).values == values) }
      var file = try VectorFile.open(path)
      var block: [Float] = []
      try file.read(rows: 2..<3, into: &block)
      #expect(block == [20, 21, 22])
      #expect(try file.read(upTo: 1, into: &block) == 1)
    }
  }

  /// A small whole number as float16.
  private func half(_ value: Float) -> UInt16 {
    value == 0 ? 0 : UInt16(truncatingIfNeeded: (value.bitPattern - (112 << 23)) >> 13)
  }

  @Test func orderDoesNotMatterToOneRowOrColumn() throws {
    for shape in ["(1, 2)", "(2, 1)"] {
      let file = npy("<f4", shape, fortran: true, data: bytes([1, 2] as [Float]))
      let path = try scratch.write(file, to: "x.npy")
      #expect(try readAll(path).values == [1, 2])
      #expect(try readStream(path).values == [1, 2])
    }
  }

  @Test(arguments: [(1, 0), (2, 0), (3, 0)] as [(UInt8, UInt8)])
  func everyVersionIsRead(major: UInt8, minor: UInt8) throws {
    let file = npy(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", version: (major, minor),
      data: bytes([1, 2] as [Float]))
    #expect(try readAll(scratch.write(file, to: "x.npy")).values == [1, 2])
  }

  @Test(
    arguments: [
      "{'shape': (1, 2), 'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }",
      "{ 'descr' :\"<f4\",'fortran_order':False,'shape':(1,2,)}",
      "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": ( 1 , 2 ) , } ",
    ])
  func otherSpellingsOfTheDictionaryAreRead(dictionary: String) throws {
    // Rows at an odd offset too.
    let file = npy(dictionary + "\n", data: bytes([1, 2] as [Float]), padded: false)
    #expect(try readAll(scratch.write(file, to: "x.npy")).values == [1, 2])
  }

  @Test func fvecsAndFbinAreRead() throws {
    let rows: [[Float]] = [[1, 2, 3], [4, 5, 6]]
    let fvecs = rows.flatMap { littleEndian([3] as [Int32]) + bytes($0) }
    let fbin = littleEndian([2, 3] as [UInt32]) + bytes(rows.flatMap { $0 })
    let expected = Contents(count: 2, dimension: 3, values: [1, 2, 3, 4, 5, 6])
    #expect(try readAll(scratch.write(fvecs, to: "x.fvecs"), rowsAtOnce: 1) == expected)
    #expect(try readAll(scratch.write(fvecs, to: "x.fvecs"), rowsAtOnce: 9) == expected)
    #expect(try readAll(scratch.write(fbin, to: "x.fbin")) == expected)
  }

  @Test func noRowsAreNoError() throws {
    let path = try scratch.write(npy("<f4", "(0, 3)"), to: "x.npy")
    #expect(try readAll(path) == Contents(count: 0, dimension: 3))
    #expect(try readStream(path) == Contents(count: 0, dimension: 3))
    let fbin = try scratch.write(littleEndian([0, 3] as [UInt32]), to: "x.fbin")
    #expect(try readAll(fbin) == Contents(count: 0, dimension: 3))
  }

  @Test func rowsAreReadAtRandomAndAgain() throws {
    let path = try scratch.write(npy("<f4", "(4, 3)", data: bytes(Self.values)), to: "x.npy")
    var file = try VectorFile.open(path)
    var block: [Float] = []
    #expect(try file.read(upTo: 3, into: &block) == 3)
    #expect(file.nextRow == 3)
    try file.read(rows: 1..<2, into: &block)
    #expect(block == Array(Self.values[3..<6]))
    #expect(try file.read(upTo: 3, into: &block) == 1)
    #expect(try file.read(upTo: 3, into: &block) == 0)
    try file.rewind()
    #expect(try file.read(upTo: 9, into: &block) == 4)
    #expect(block == Self.values)
    try file.read(rows: 4..<4, into: &block)
    #expect(block.isEmpty)
    for rows in [3..<5, -1..<2] {
      let error = failure { () throws(VectorFileError) in try file.read(rows: rows, into: &block) }
      #expect(error?.kind == .misuse(reason: "rows \(rows) of 4"))
    }
    let none = #expect(throws: VectorFileError.self) { try file.read(upTo: 0, into: &block) }
    #expect(none?.kind == .misuse(reason: "reading 0 rows"))
  }

  @Test func streamsAreReadOnce() throws {
    let path = try scratch.write(npy("<f4", "(4, 3)", data: bytes(Self.values)), to: "x.npy")
    var file = try VectorFile(stream: FileDescriptor(path, .reading))
    var block: [Float] = []
    try file.rewind()
    #expect(try file.read(upTo: 1, into: &block) == 1)
    #expect(throws: VectorFileError.self) { try file.rewind() }
    #expect(throws: VectorFileError.self) { try file.read(rows: 0..<1, into: &block) }
    #expect(try file.read(upTo: 9, into: &block) == 3)
    #expect(try file.read(upTo: 9, into: &block) == 0)
  }

  @Test(arguments: [1, 3, 50])
  func shortReadsAreContinued(longest: Int) throws {
    let path = try scratch.write(npy("<f4", "(4, 3)", data: bytes(Self.values)), to: "x.npy")
    let plan = FaultInjection(longestTransfer: longest)
    let contents = try FaultInjection.$current.withValue(plan) { try readStream(path) }
    #expect(contents.values == Self.values)
    #expect(plan.calls.count > 100 / longest)
  }

  @Test func everyFailingCallOfAStreamIsNamed() throws {
    let path = try scratch.write(npy("<f4", "(4, 3)", data: bytes(Self.values)), to: "x.npy")
    for index in 1..<3 {
      let plan = FaultInjection(failing: index, code: ErrorNumber.inputOutput)
      let error = FaultInjection.$current.withValue(plan) {
        failure { () throws(VectorFileError) in try readStream(path) }
      }
      #expect(error?.kind == .system(call: "read", code: ErrorNumber.inputOutput))
    }
  }

  @Test func blocksLargerThanTheCacheComeBack() throws {
    let count = 50_000
    let values = (0..<count).map { Float($0 % 2000) / 8 }
    let half = values.map { value -> UInt16 in
      // All of these are normal float16 or zero; drop the bits that are zero.
      let bits = value.bitPattern
      return value == 0 ? 0 : UInt16(truncatingIfNeeded: (bits - (112 << 23)) >> 13)
    }
    let files = [
      npy("<f2", "(500, 100)", data: littleEndian(half)),
      npy("<f4", "(500, 100)", data: bytes(values)),
      npy("<f8", "(500, 100)", data: bytes(values.map(Double.init))),
    ]
    for file in files {
      let path = try scratch.write(file, to: "x.npy")
      #expect(try readAll(path, rowsAtOnce: 321).values == values)
      #expect(try readStream(path, rowsAtOnce: 321).values == values)
    }
  }

  @Test func everyFloat16IsConverted() {
    let halves = Array(UInt16.min ... .max)
    var floats = [Float](repeating: 0, count: 1 + halves.count)
    var output = floats.mutableSpan
    widen(halves.span, into: &output, at: 1)
    for bits in halves {
      let found = floats[1 + Int(bits)]
      // The definition: sign, exponent and fraction, worked out in double.
      let exponent = Int(bits >> 10 & 31)
      let fraction = Double(bits & 0x3FF)
      let magnitude =
        switch exponent {
        case 0: fraction * 0x1p-24
        case 31: fraction == 0 ? Double.infinity : .nan
        default: (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
      #expect(found.isNaN == magnitude.isNaN)
      if !found.isNaN { #expect(Double(found.magnitude) == magnitude) }
      #expect((found.sign == .minus) == (bits >= 0x8000))
      #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
        let native = Float(Float16(bitPattern: bits))
        if !native.isNaN { #expect(found.bitPattern == native.bitPattern) }
        #expect(found.isNaN == native.isNaN)
      #endif
    }
  }
}
