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

/// What a codec is.
@c @implementation
public func tq_codec_info(
  _ codec: OpaquePointer?, _ information: UnsafeMutablePointer<tq_codec_information>?
) -> tq_status {
  call { try unsafe tq_codec_information(codecOf(codec)).write(to: information) }
}

extension tq_codec_information: OptionStruct {
  init(_ codec: Codec) {
    self.init()
    dimension = codec.dimension
    bytes_per_vector = codec.bytesPerVector
    seed = codec.seed
    bits = codec.rate.bitsPerCoordinate
    distortion = codec.distortion ?? .nan
    switch codec.quantizer {
    case .scalar: quantizer = tq_quantizer(TQ_QUANTIZER_SCALAR)
    case .twoStage: quantizer = tq_quantizer(TQ_QUANTIZER_TWO_STAGE)
    case .qjl: quantizer = tq_quantizer(TQ_QUANTIZER_QJL)
    case .polar: quantizer = tq_quantizer(TQ_QUANTIZER_POLAR)
    }
    // The numbers of the header are those of the records.
    rotation = tq_rotation(codec.rotation.kind.rawValue)
    normalization = tq_normalization(codec.normalization.rawValue)
    switch codec.standardEstimator {
    case .reconstruction: estimator = tq_estimator(TQ_ESTIMATOR_RECONSTRUCTION)
    case .renormalized: estimator = tq_estimator(TQ_ESTIMATOR_RENORMALIZED)
    case .matchedNorm: estimator = tq_estimator(TQ_ESTIMATOR_MATCHED_NORM)
    case .twoStage: estimator = tq_estimator(TQ_ESTIMATOR_TWO_STAGE)
    }
    unsafe withUnsafeMutableBytes(of: &fingerprint) {
      unsafe $0.copyBytes(from: codec.fingerprint.bytes)
    }
  }
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
