import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// Ids that were used are never assigned again, whatever becomes of the index that used them.
@Suite struct AssignedIDTests {
  private let kind: IndexKind
  private var dice = Dice(seed: 43)

  init() throws { kind = try IndexKind(dimension: 4, bits: 2) }

  private mutating func rows(_ count: Int) -> [Float] { dice.normals(4 * count) }

  /// An index of ids 10 … 15, of which 15, and others, have been removed.
  private mutating func used(removing ids: [UInt64] = [15]) throws -> VectorIndex {
    var index = try kind.index(rows(6), ids: Array(10..<16))
    try index.remove(ids)
    return index
  }

  private func saved(_ index: VectorIndex) throws -> VectorIndex {
    let scratch = try Scratch()
    try index.save(to: scratch.file("x.tqi"))
    return try VectorIndex.verify(scratch.file("x.tqi"))
  }

  @Test mutating func merging() throws {
    for isSaved in [false, true] {
      for removed: [UInt64] in [[15], Array(10..<16)] {
        var other = try used(removing: removed)
        if isSaved { other = try saved(other) }
        var index = try kind.index(rows(3))
        try index.merge(other)
        #expect(try index.add(rows(1)) == [16])
        // The larger of both counts whichever is merged into which.
        var reverse = try used(removing: removed)
        try reverse.merge(try kind.index(rows(3)))
        #expect(try reverse.add(rows(1)) == [16])
      }
    }
  }

  @Test mutating func mergingWithOneThatHasNoneLeft() throws {
    var last = try kind.index(rows(1), ids: [.max])
    try last.remove(.max)
    for first in [false, true] {
      var index = first ? last : try kind.index(rows(2))
      try index.merge(first ? try kind.index(rows(2)) : last)
      #expect(failure { () throws(IndexError) in try index.add(rows(1)) }?.kind == .idsExhausted)
      #expect(try index.ids().sorted() == [0, 1])
    }
  }

  @Test mutating func everyOtherWay() throws {
    var index = try used(removing: Array(10..<16))
    #expect(index.isEmpty)
    index = try saved(index)
    let copy = index
    let shared = SharedVectorIndex(index)
    #expect(try index.add(rows(1)) == [16])
    try index.upsert(rows(1), ids: [30])
    try index.remove([16, 30])
    index = try saved(index)
    #expect(try index.add(rows(1)) == [31])
    var other = copy
    #expect(try other.add(rows(1)) == [16])
    let vectors = rows(1)
    #expect(try shared.update { try $0.add(vectors) } == [16])
    try shared.update { try $0.remove(16) }
    // A change that fails gives none back, and takes none.
    #expect(throws: IndexError.self) {
      try shared.update {
        try $0.add(vectors)
        try $0.remove(99)
      }
    }
    #expect(try shared.update { try $0.add(vectors) } == [17])
    var snapshot = shared.snapshot
    try snapshot.remove(17)
    #expect(try snapshot.add(vectors) == [18])
  }
}
