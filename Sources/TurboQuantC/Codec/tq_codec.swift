// tq_codec: create, describe, free.

public import CTurboQuant
internal import TurboQuant

/// A codec with a handle.
final class CodecResource: Resource {
  static let kind = HandleKind.codec
  let codec: Codec

  init(_ codec: Codec) { self.codec = codec }
}

/// Creates a codec.
@c @implementation
public func tq_codec_create(
  _ options: UnsafePointer<tq_codec_options>?, _ codec: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let codec = try unsafe emptied(codec, "codec")
    guard unsafe options != nil else { throw CallError.null("options") }
    unsafe codec.pointee = try HandleTable.add(
      CodecResource(Codec(tq_codec_options(options))))
  }
}

/// Creates the codec of a record.
@c @implementation
public func tq_codec_create_from_record(
  _ record: UnsafePointer<UInt8>?, _ count: Int, _ codec: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let codec = try unsafe emptied(codec, "codec")
    let record = try unsafe input(record, count: count, "record")
    unsafe codec.pointee = try HandleTable.add(CodecResource(Codec(record: record.span.bytes)))
  }
}

/// Frees a codec.
@c @implementation
public func tq_codec_free(_ codec: OpaquePointer?) -> tq_status {
  call { try unsafe HandleTable.remove(codec, as: CodecResource.self) }
}

/// The number of coordinates.
@c @implementation
public func tq_codec_dimension(
  _ codec: OpaquePointer?, _ dimension: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    try unsafe place(dimension, "dimension").pointee = codecOf(codec).dimension
  }
}

/// Bytes of one row.
@c @implementation
public func tq_codec_bytes_per_vector(
  _ codec: OpaquePointer?, _ bytes: UnsafeMutablePointer<Int>?
) -> tq_status {
  call { try unsafe place(bytes, "bytes").pointee = codecOf(codec).bytesPerVector }
}

/// The bytes of all parameters.
@c @implementation
public func tq_codec_record(
  _ codec: OpaquePointer?, _ record: UnsafeMutablePointer<UInt8>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let bytes = try unsafe codecOf(codec).record
    try unsafe place(count, "count").pointee = bytes.count
    let target = try unsafe output(record, capacity: capacity, needed: bytes.count, "record")
    unsafe target.copy(bytes)
  }
}

/// The hash of the record.
@c @implementation
public func tq_codec_fingerprint(
  _ codec: OpaquePointer?, _ fingerprint: UnsafeMutablePointer<UInt8>?, _ capacity: Int
) -> tq_status {
  call {
    let bytes = try unsafe codecOf(codec).fingerprint.bytes
    let target = try unsafe output(
      fingerprint, capacity: capacity, needed: bytes.count, "fingerprint")
    unsafe target.copy(bytes)
  }
}

/// The codec of a handle.
func codecOf(_ codec: OpaquePointer?) throws(CallError) -> Codec {
  try unsafe HandleTable.find(codec, as: CodecResource.self).codec
}

/// The place of a new handle, NULL until there is one.
func emptied(
  _ handle: UnsafeMutablePointer<OpaquePointer?>?, _ name: String
) throws(CallError) -> UnsafeMutablePointer<OpaquePointer?> {
  let handle = try unsafe place(handle, name)
  unsafe handle.pointee = nil
  return unsafe handle
}

extension UnsafeMutableBufferPointer where Element: BitwiseCopyable {
  /// Fills the buffer with as many elements.
  func copy(_ elements: [Element]) { _ = unsafe update(fromContentsOf: elements) }
}
