// Tags of callers: one array of bytes, and where in it each tag begins and ends.

internal import TurboQuantIndex

/// Tags that lie in one array of bytes: tag i from offset i to offset i + 1.
func rowTags(
  _ bytes: UnsafePointer<UInt8>?, _ byteCount: Int, _ offsets: UnsafePointer<UInt64>?, _ count: Int
) throws(CallError) -> [RowTag] {
  let bytes = try unsafe input(bytes, count: byteCount, "the bytes of tags")
  guard count != 0 else { return [] }
  guard count > 0, count < Int.max else { throw .size("the offsets of tags") }
  let offsets = try unsafe input(offsets, count: count + 1, "the offsets of tags")
  var tags: [RowTag] = []
  tags.reserveCapacity(count)
  for i in 0..<count {
    let (start, end) = unsafe (offsets[i], offsets[i + 1])
    guard start <= end, end <= UInt64(byteCount) else {
      throw .offsets("tag \(i) lies from \(start) to \(end) of \(byteCount) bytes")
    }
    tags.append(unsafe RowTag(bytes: Array(bytes[Int(start)..<Int(end)])))
  }
  return tags
}

/// Writes tags to a caller's two arrays.
func copy(
  _ tags: [RowTag], to bytes: UnsafeMutablePointer<UInt8>?, _ byteCapacity: Int,
  _ offsets: UnsafeMutablePointer<UInt64>?, _ offsetCapacity: Int
) throws(CallError) {
  let bytes = try unsafe output(
    bytes, capacity: byteCapacity, needed: tags.reduce(0) { $0 + $1.bytes.count }, "tags")
  let offsets = try unsafe output(
    offsets, capacity: offsetCapacity, needed: tags.count + 1, "tag_offsets")
  var end = 0
  unsafe offsets[0] = 0
  for (i, tag) in tags.enumerated() {
    for byte in tag.bytes {
      unsafe bytes[end] = byte
      end += 1
    }
    unsafe offsets[i + 1] = UInt64(end)
  }
}
