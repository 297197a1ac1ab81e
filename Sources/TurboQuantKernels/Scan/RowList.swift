internal import CTurboQuantKernels

/// Rows that scans selected, each with its slot and the terms of its similarity.
///
/// It keeps its memory when rows are removed. Rows are added many at a time: one by one, a search would spend a third of
/// its time on it.
package struct RowList: Sendable {
  /// How many there are; the arrays have room for more.
  package private(set) var count = 0
  private var slotMemory: [UInt32] = []
  private var sumMemory: [Float] = []
  /// Empty where rows have none.
  private var norms: [Float] = []
  private var along: [Float] = []

  package init() {}

  /// Rows of which only slots and sums are known.
  package init(slots: [UInt32], sums: [Float]) {
    precondition(slots.count == sums.count)
    (slotMemory, sumMemory, count) = (slots, sums, slots.count)
  }

  /// Bytes of its memory.
  package var byteCount: Int {
    4 * (slotMemory.count + sumMemory.count + norms.count + along.count)
  }

  package var slots: Span<UInt32> {
    @_lifetime(borrow self) get { slotMemory.span.extracting(first: count) }
  }

  package var sums: Span<Float> {
    @_lifetime(borrow self) get { sumMemory.span.extracting(first: count) }
  }

  /// The terms of some rows.
  @_lifetime(borrow self)
  package func terms(_ some: Range<Int>) -> SimilarityTerms {
    precondition(some.upperBound <= count)
    return SimilarityTerms(
      sums: sumMemory.span.extracting(some),
      norms: norms.span.extracting(norms.isEmpty ? 0..<0 : some),
      along: along.span.extracting(along.isEmpty ? 0..<0 : some))
  }

  /// Multiplies the sums of the rows from `place` on by `factor` and adds `other`, each times `otherFactor`.
  package mutating func combineSums(
    from place: Int, times factor: Float, _ other: Span<Float>, times otherFactor: Float
  ) {
    precondition(place >= 0 && place + other.count <= count)
    for i in other.indices {
      sumMemory[place + i] = factor * sumMemory[place + i] + otherFactor * other[i]
    }
  }

  package mutating func removeAll() { count = 0 }

  /// Adds the selected rows of those that have the given terms; the slot of the first of these is `first`.
  package mutating func append(
    _ selected: borrowing SelectedRows, of terms: borrowing SimilarityTerms, slotsFrom first: UInt32
  ) {
    let rows = selected.rows
    guard !rows.isEmpty else { return }
    reserve(rows.count, terms)
    for i in rows.indices { slotMemory[count + i] = first + rows[i] }
    append(terms, at: rows)
  }

  /// Takes the rows of another list over.
  package mutating func take(_ other: inout RowList) {
    if count == 0 {
      swap(&self, &other)
      return
    }
    append(0..<other.count, of: other)
  }

  /// Of the rows from `start` on, moves the selected ones to place `kept` and those that follow it.
  package mutating func move(_ selected: borrowing SelectedRows, from start: Int, to kept: Int) {
    let rows = selected.rows
    precondition(kept <= start)
    for i in rows.indices { slotMemory[kept + i] = slotMemory[start + Int(rows[i])] }
    RowList.move(rows, from: start, to: kept, in: &sumMemory)
    RowList.move(rows, from: start, to: kept, in: &norms)
    RowList.move(rows, from: start, to: kept, in: &along)
  }

  /// Adds consecutive rows of another list.
  package mutating func append(_ places: Range<Int>, of other: RowList) {
    let terms = other.terms(places)
    reserve(places.count, terms)
    for i in 0..<places.count { slotMemory[count + i] = other.slotMemory[places.lowerBound + i] }
    append(terms)
  }

  /// Removes the rows in some places, which ascend.
  package mutating func remove(_ places: [Int]) {
    guard let first = places.first else { return }
    var (kept, next) = (first, 0)
    for place in first..<count {
      if next < places.count, places[next] == place {
        next += 1
        continue
      }
      slotMemory[kept] = slotMemory[place]
      sumMemory[kept] = sumMemory[place]
      if !norms.isEmpty { norms[kept] = norms[place] }
      if !along.isEmpty { along[kept] = along[place] }
      kept += 1
    }
    count = kept
  }

  /// Keeps the first rows.
  package mutating func truncate(to count: Int) {
    precondition(count <= self.count)
    self.count = count
  }
}

extension RowList {
  /// Adds terms, for which there is room, to slots that have been added.
  private mutating func append(_ terms: borrowing SimilarityTerms) {
    let added = terms.sums.count
    RowList.copy(terms.sums.raw, to: &sumMemory, at: count, added)
    RowList.copy(terms.norms, to: &norms, at: count, added)
    RowList.copy(terms.along, to: &along, at: count, added)
    count += added
  }

  /// The same for some of the terms.
  private mutating func append(_ terms: borrowing SimilarityTerms, at places: Span<UInt32>) {
    RowList.gather(terms.sums.raw, places, to: &sumMemory, at: count)
    RowList.gather(terms.norms, places, to: &norms, at: count)
    RowList.gather(terms.along, places, to: &along, at: count)
    count += places.count
  }

  private mutating func reserve(_ added: Int, _ terms: borrowing SimilarityTerms) {
    let wanted = count + added
    guard wanted > slotMemory.count else { return }
    let room = max(wanted, 2 * slotMemory.count, 1024)
    slotMemory += repeatElement(0, count: room - slotMemory.count)
    sumMemory += repeatElement(0, count: room - sumMemory.count)
    if !terms.norms.isEmpty { norms += repeatElement(0, count: room - norms.count) }
    if !terms.along.isEmpty { along += repeatElement(0, count: room - along.count) }
  }

  private static func copy(_ source: RawSpan, to target: inout [Float], at start: Int, _ count: Int)
  {
    guard !source.isEmpty else { return }
    var span = target.mutableSpan
    var bytes = span.mutableRaw
    bytes.copyBytes(of: source.extracting(first: 4 * count), to: 4 * start)
  }

  private static func gather(
    _ source: RawSpan, _ rows: Span<UInt32>, to target: inout [Float], at start: Int
  ) {
    guard !source.isEmpty else { return }
    var span = target.mutableSpan
    var bytes = span.mutableRaw
    gatherScalars(source, rows: rows, numberedFrom: 0, to: &bytes, start: start)
  }

  /// Rows ascend, so none is overwritten before it is moved.
  private static func move(
    _ rows: Span<UInt32>, from start: Int, to kept: Int, in numbers: inout [Float]
  ) {
    guard !numbers.isEmpty, !rows.isEmpty else { return }
    precondition(kept <= start && start + Int(rows[rows.count - 1]) < numbers.count)
    unsafe numbers.withUnsafeMutableBufferPointer { numbers in
      guard let base = numbers.baseAddress else { return }
      unsafe rows.withUnsafeBufferPointer {
        unsafe ctq_gather_scalars(base + start, $0.baseAddress, $0.count, 0, base + kept)
      }
    }
  }
}
