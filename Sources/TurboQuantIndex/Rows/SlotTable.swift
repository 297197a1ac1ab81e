/// Where the row of each id, and of each tag, is.
struct SlotTable: Sendable {
  private var ids: [UInt64: Int] = [:]
  private var tags: [RowTag: Int] = [:]

  init() {}

  subscript(id: UInt64) -> Int? { ids[id] }
  subscript(tag: RowTag) -> Int? { tags[tag] }

  mutating func reserveCapacity(_ count: Int, tags hasTags: Bool) {
    ids.reserveCapacity(count)
    if hasTags { tags.reserveCapacity(count) }
  }

  /// Notes a row; returns the slot that its id had before.
  @discardableResult
  mutating func set(_ slot: Int, of id: UInt64) -> Int? { ids.updateValue(slot, forKey: id) }

  /// Notes a row; returns the slot that its tag had before.
  @discardableResult
  mutating func set(_ slot: Int, of tag: RowTag) -> Int? { tags.updateValue(slot, forKey: tag) }

  mutating func remove(_ id: UInt64, _ tag: RowTag?) {
    ids[id] = nil
    if let tag { tags[tag] = nil }
  }
}
