internal import TurboQuantKernels

/// The tags of rows in slots 0 ..< `count`; a value, whose copies share the segments that neither changes.
struct TagStore: Sendable {
  private(set) var segments: [TagSegment] = []

  init() {}

  /// The tags of a mapped file.
  init(in sections: IndexSections, count: Int) {
    segments = stride(from: 0, to: count, by: RowSegment.rowCount).map {
      TagSegment(in: sections, rows: $0..<min(count, $0 + RowSegment.rowCount))
    }
  }

  func tag(at slot: Int) throws(IndexError) -> RowTag {
    try segments[slot / RowSegment.rowCount].tag(at: slot % RowSegment.rowCount)
  }

  /// Calls `body` with every tag, in the order of slots.
  func forEach(
    _ body: (_ slot: Int, RowTag) throws(IndexError) -> Void
  ) throws(IndexError) {
    var slot = 0
    for segment in segments {
      try segment.withBytes { (bytes, ends) throws(IndexError) in
        var start = 0
        for end in ends {
          try body(slot, RowTag(bytes: bytes.extracting(start..<Int(end)).copied()))
          (start, slot) = (Int(end), slot + 1)
        }
      }
    }
  }

  /// Bytes of all tags.
  func byteCount() throws(IndexError) -> Int {
    var count = 0
    for segment in segments { count += try segment.withBytes { bytes, _ in bytes.byteCount } }
    return count
  }

  /// Reads every byte, which fails if it is damaged in a file.
  func touch() throws(IndexError) {
    for segment in segments { try segment.withBytes { _, _ in } }
  }
}

// MARK: Changing

extension TagStore {
  /// Copies the segment to memory, after which no change to it can fail.
  mutating func load(segment: Int) throws(IndexError) {
    guard segment < segments.count else { return }
    try segments[segment].load()
  }

  /// Appends a tag; the last segment has been loaded.
  mutating func append(_ tag: RowTag) {
    if segments.last.map({ $0.count == RowSegment.rowCount }) ?? true {
      segments.append(TagSegment())
    }
    segments[segments.count - 1].append(tag)
  }

  /// Replaces the tag in a slot, whose segment has been loaded.
  mutating func put(_ tag: RowTag, at slot: Int) {
    segments[slot / RowSegment.rowCount].put(tag, at: slot % RowSegment.rowCount)
  }

  /// Moves the last tag into `slot` and forgets the slot it came from.
  mutating func removeBySwap(_ slot: Int, last: Int) throws(IndexError) {
    if slot != last { put(try tag(at: last), at: slot) }
    segments[segments.count - 1].removeLast()
    if segments.last?.count == 0 { segments.removeLast() }
  }
}
