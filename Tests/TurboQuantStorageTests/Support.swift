import Foundation
import TestSupport
import Testing
import TurboQuantKernels
import TurboQuantStorage

/// One section to write.
struct Section: Equatable, Sendable {
  let name: String
  let bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

/// Bytes without a short period, the same on every run.
func pattern(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(truncatingIfNeeded: state >> 24)
  }
}

/// Writes a container, appending in pieces of `pieceByteCount`.
func writeContainer(
  _ path: String, _ sections: [Section], kind: String = "VECS", pieceByteCount: Int = 1 << 30
) throws(StorageError) {
  var writer = try ContainerWriter(path, kind: kind, sectionCount: sections.count)
  for section in sections {
    try writer.beginSection(section.name)
    var start = 0
    while start < section.bytes.count {
      let end = start + min(pieceByteCount, section.bytes.count - start)
      try writer.append(section.bytes.span.raw.extracting(start..<end))
      start = end
    }
    try writer.endSection()
  }
  try writer.finish()
}

/// Opens a container, checks all of it and copies out its sections.
func readContainer(_ path: String) throws(StorageError) -> [Section] {
  let reader = try ContainerReader(path, kind: "VECS")
  try reader.verify()
  var sections: [Section] = []
  for section in reader.sections {
    let bytes = try reader.bytes(of: section.name)
    sections.append(Section(section.name, bytes.byteArray(0..<bytes.byteCount)))
  }
  return sections
}

/// The error that `body` throws; a test failure and `nil` if it throws none.
func failure(
  _ sourceLocation: SourceLocation = #_sourceLocation, of body: () throws(StorageError) -> Void
) -> StorageError? {
  thrownError(sourceLocation, of: body)
}

/// A small container: three sections, one of them empty.
let smallSections = [
  Section("codec", Array("TurboQuant".utf8)), Section("none", []),
  Section("codes", Array(0..<70)),
]

/// The bytes of `smallSections`, written by an independent program in Python.
let goldenContainer = bytes(
  hexadecimal: """
    8954510d0a1a0a000100000056454353400200000000000003000000eab82a1b
    000000000000000000000000000000000000000000000000000000005216583b
    636f646563000000000000000000000000010000000000000a00000000000000
    c00100000000000001000000e670cb5300000000000000000000000000000000
    6e6f6e6500000000000000000000000040010000000000000000000000000000
    0002000000000000000000000000000000000000000000000000000000000000
    636f646573000000000000000000000040010000000000004600000000000000
    000200000000000001000000b52ae2ec00000000000000000000000000000000
    547572626f5175616e7400000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
    4041424344450000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    c1ceb91d00000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    bd10274e00000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    """)

/// Reads hexadecimal digits, skipping everything else.
func bytes(hexadecimal text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}
