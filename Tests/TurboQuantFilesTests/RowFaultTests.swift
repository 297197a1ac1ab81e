import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles
import TurboQuantKernels
import TurboQuantStorage

/// Rows that no encoder writes, in files whose checksums are right.
@Suite struct RowFaultTests {
  private static let count = 12

  private struct Forge {
    let codec: Codec
    let scratch: Scratch
    let rows: [UInt8]

    init(_ codec: Codec) throws {
      self.codec = codec
      scratch = try Scratch()
      var values = GoldenFileTests.Golden(name: "", dimension: codec.dimension, bits: 1).rows
      values += values + values.prefix(2 * codec.dimension)
      // A zero vector, where rows have lengths.
      if codec.normalization == .norm { for i in 0..<codec.dimension { values[i] = 0 } }
      rows = try codec.encode(values.span).bytes
    }

    /// A file with the byte at `offset` of a row replaced.
    func forged(row: Int, _ offset: Int, _ bytes: [UInt8]) throws -> String {
      var new = rows
      let start = row * codec.bytesPerVector + offset
      new.replaceSubrange(start..<start + bytes.count, with: bytes)
      let path = scratch.file("x.tqv")
      var writer = try ContainerWriter(path, kind: "VECS", sectionCount: 2)
      try writer.writeSection("codec", codec.record.span.raw)
      try writer.writeSection("rows", new.span.raw)
      try writer.finish()
      return path
    }
  }

  private func verified(_ path: String) -> CodeFileError? {
    do throws(CodeFileError) {
      let file = try CodeFile(path)
      try file.verify()
      return nil
    } catch {
      return error
    }
  }

  /// Checks that verify refuses some bytes, by row and byte.
  private func expectRefusal(
    _ forge: Forge, row: Int, _ offset: Int, _ bytes: [UInt8], _ words: String
  ) throws {
    let path = try forge.forged(row: row, offset, bytes)
    let error = try #require(verified(path), "\(words) was accepted")
    #expect(error.kind == .malformedRow(row), "\(error)")
    #expect(
      error.description.contains("row \(row)") && error.description.contains(words), "\(error)")
    let start = try #require(try ContainerReader(path).sections.first { $0.name == "rows" }).offset
    #expect(error.offset == start + UInt64(row * forge.codec.bytesPerVector + offset), "\(error)")
  }

  private static func codecs() throws -> [Codec] {
    try GoldenFileTests.all.map { try $0.codec() } + [
      // Whose every field ends within a byte.
      try Codec(dimension: 13, rate: .bits(3), quantizer: .twoStage()),
      try Codec(dimension: 13, rate: try #require(Rate(bitsPerCoordinate: 2.5))),
      try Codec(dimension: 13, rate: .bits(1), quantizer: .qjl()),
      try Codec(dimension: 19, rate: .bits(4), quantizer: .polar(bits: [5, 3])),
      try Codec(dimension: 1, rate: .bits(4)), try Codec(dimension: 2, rate: .bits(8)),
    ]
  }

  @Test("What encoders write passes, and scalars that they do not are refused")
  func scalars() throws {
    for codec in try Self.codecs() {
      let forge = try Forge(codec)
      #expect(verified(try forge.forged(row: 0, 0, [])) == nil)
      func expect(_ value: Float, at offset: Int?, _ words: String) throws {
        guard let offset else { return }
        let bytes = littleEndian([value.bitPattern])
        try expectRefusal(forge, row: 7, offset, bytes, "\(words) is \(value)")
      }
      for value in [Float.nan, .infinity, -1] {
        try expect(value, at: codec.layout.norm, "the norm")
        try expect(value, at: codec.layout.alignment, "the alignment")
        try expect(value, at: codec.layout.residualNorm, "the residual norm")
      }
      try expect(1e-30, at: codec.layout.alignment, "the alignment")
      try expect(1e5, at: codec.layout.alignment, "the alignment")
      try expect(1e30, at: codec.layout.residualNorm, "the residual norm")
      if let norm = codec.layout.norm, let alignment = codec.layout.alignment {
        // A norm of 0 goes with an alignment of 0, and one with the other.
        let path = try forge.forged(row: 7, norm, [0, 0, 0, 0])
        #expect(verified(path)?.description.contains("the alignment is") == true)
        try expect(0, at: alignment, "the alignment")
      }
      if let radius = codec.layout.radii.last.map({ $0 - 1 }) {
        for half: UInt16 in [0x7C00, 0xFC00, 0x7E01] {
          try expectRefusal(
            forge, row: 7, radius, littleEndian([half]), "a radius is no finite number")
        }
      }
    }
  }

  @Test("A bit is refused where no code has one, and only there")
  func bits() throws {
    for codec in try Self.codecs() {
      let forge = try Forge(codec)
      // What FileFormat.md says: codes from a segment's or level's first byte on, signs after them.
      var used = [UInt8](repeating: 0, count: codec.layout.radii.lowerBound)
      func use(_ bits: Int, from byte: Int) {
        for bit in 0..<bits { used[byte + bit / 8] |= 1 << UInt8(bit % 8) }
      }
      for segment in codec.scalarQuantizer?.segments ?? [] {
        use(segment.coordinates.count * segment.codebook.bits, from: segment.byteOffset)
      }
      for level in codec.polarQuantizer?.levels ?? [] {
        use(level.angleCount * level.codebook.bits, from: level.byteOffset)
      }
      use(codec.sketch?.directions ?? 0, from: codec.layout.signs.lowerBound)
      let start = 5 * codec.bytesPerVector
      for offset in used.indices where used[offset] != .max || offset % 16 == 0 {
        for bit in 0..<8 {
          let changed = [forge.rows[start + offset] ^ 1 << UInt8(bit)]
          guard used[offset] & 1 << UInt8(bit) == 0 else {
            #expect(verified(try forge.forged(row: 5, offset, changed)) == nil)
            continue
          }
          try expectRefusal(forge, row: 5, offset, changed, "a bit beyond the last code is set")
        }
      }
    }
  }

  @Test("Nothing is decoded of a length that is no number")
  func decoding() throws {
    for codec in try Self.codecs() {
      let forge = try Forge(codec)
      var places: [(offset: Int, bytes: [UInt8])] = []
      if let norm = codec.layout.norm {
        places += [Float.nan, .infinity, -2].map { (norm, littleEndian([$0.bitPattern])) }
      }
      if let radius = codec.layout.radii.first { places.append((radius, [0, 0x7C])) }
      for (offset, bytes) in places {
        let codes = try CodeFile(try forge.forged(row: 3, offset, bytes)).codes(of: 1..<Self.count)
        do throws(CodecError) {
          _ = try codec.decode(codes)
          Issue.record("decoded \(bytes)")
        } catch {
          guard case .malformedRow(row: 2, _) = error.kind else { Issue.record("\(error)"); return }
          #expect(error.addingRows(1).description.contains("row 3 of the codes is damaged"))
        }
      }
    }
  }
}
