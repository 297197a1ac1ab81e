internal import TurboQuant
internal import TurboQuantKernels

extension VectorIndex {
  /// Whether there is a row of this id.
  ///
  /// - Throws: ``IndexError`` when the file that the index is mapped from is damaged.
  /// - Complexity: O(1); O(rows) in an index that was opened and not yet changed.
  public func contains(_ id: UInt64) throws(IndexError) -> Bool { try slot(of: id) != nil }

  /// The ids of all rows, in no particular order.
  ///
  /// - Throws: ``IndexError`` when the file that the index is mapped from is damaged.
  public func ids() throws(IndexError) -> [UInt64] {
    var ids: [UInt64] = []
    ids.reserveCapacity(count)
    for segment in rows.segments.indices {
      try rows.segments[segment].withBytes(of: .ids, 0..<rows.blockCount(ofSegment: segment)) {
        bytes in
        for row in 0..<rows.rowCount(ofSegment: segment) { ids.append(bytes.uint64(at: 8 * row)) }
      }
    }
    return ids
  }

  /// The vector that the row's code stands for; it is about √D of its length away from the original.
  ///
  /// For cosines it is the direction.
  ///
  /// - Throws: ``IndexError`` when there is no such row.
  public func reconstruct(_ id: UInt64) throws(IndexError) -> [Float] {
    guard let slot = try slot(of: id) else { throw .unknown(id) }
    let row = try codes(at: slot)
    var vector = try rethrowing { () throws(CodecError) in try codec.decode(row) }
    centers.restore(&vector)
    return vector
  }

  /// The vector itself, if originals are kept.
  ///
  /// - Throws: ``IndexError`` when there is no such row, or originals are not kept.
  public func original(_ id: UInt64) throws(IndexError) -> [Float] {
    guard let slot = try slot(of: id) else { throw .unknown(id) }
    return try original(at: slot)
  }

  /// Stored codes of a row, as ``TurboQuant/Codec/encode(_:)-swift.method`` makes them.
  func codes(at slot: Int) throws(IndexError) -> CodeMatrix {
    var bytes = try rows.packedCodes(at: slot)
    if shape.sketchColumns > 0 {
      let signs = try rows.packedSketch(at: slot)
      bytes += signs[..<codec.layout.signs.count]
    }
    if codec.layout.norm != nil {
      bytes.append(littleEndian: try rows.scalar(.norms, at: slot).bitPattern)
    }
    bytes.append(littleEndian: try rows.scalar(.alignments, at: slot).bitPattern)
    if codec.layout.residualNorm != nil {
      bytes.append(littleEndian: try rows.scalar(.residualNorms, at: slot).bitPattern)
    }
    return try rethrowing { () throws(CodecError) in try CodeMatrix(unidentified: bytes, of: codec)
    }
  }

  func original(at slot: Int) throws(IndexError) -> [Float] {
    guard let originals else { throw .noOriginals }
    let (dimension, kernels) = (codec.dimension, codec.kernels)
    return try rows.withOriginal(at: slot) { bytes in
      switch originals {
      case .float32: return (0..<dimension).map { bytes.float32(at: 4 * $0) }
      case .float16:
        let halves = (0..<dimension).map { bytes.integer(at: 2 * $0, as: UInt16.self) }
        var floats = [Float](repeating: 0, count: dimension)
        var target = floats.mutableSpan
        kernels.widen(halves.span, into: &target)
        return floats
      }
    }
  }

  func slot(of id: UInt64) throws(IndexError) -> Int? {
    if let slots { return slots[id] }
    for segment in rows.segments.indices {
      let found: Int? = try rows.segments[segment].withBytes(
        of: .ids, 0..<rows.blockCount(ofSegment: segment)
      ) { bytes in
        (0..<rows.rowCount(ofSegment: segment)).first { bytes.uint64(at: 8 * $0) == id }
      }
      if let found { return segment * RowSegment.rowCount + found }
    }
    return nil
  }
}

extension IndexError {
  static var noOriginals: IndexError {
    IndexError(
      .noOriginals,
      "this index keeps no originals to compare with; build it with originals, or search without rerank"
    )
  }
}
