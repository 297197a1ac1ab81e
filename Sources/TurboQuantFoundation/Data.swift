#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
public import TurboQuant
public import TurboQuantIndex
public import TurboQuantKVCache

extension CodeMatrix {
  /// Creates a matrix from its ``serializedData``, or from ``/TurboQuant/CodeMatrix/serialized`` bytes.
  ///
  /// - Throws: ``/TurboQuant/CodecError`` when another codec wrote the rows, or they are not a whole number.
  public init(serialized data: Data, of codec: Codec) throws(CodecError) {
    try self.init(serialized: Array(data), of: codec)
  }

  /// The 32 bytes of the codec's fingerprint, then the rows: the bytes of ``/TurboQuant/CodeMatrix/serialized``.
  ///
  /// - Complexity: O(n), for the copy of the rows.
  public var serializedData: Data {
    var data = Data(capacity: fingerprint.bytes.count + bytes.count)
    data.append(contentsOf: fingerprint.bytes)
    data.append(contentsOf: bytes)
    return data
  }
}

extension VectorIndex {
  /// Creates an index from its ``serializedData()``, as ``/TurboQuantIndex/VectorIndex/init(serialized:)`` does.
  ///
  /// - Throws: ``/TurboQuantIndex/IndexError`` as that.
  public init(serialized data: Data) throws(IndexError) { try self.init(serialized: Array(data)) }

  /// The bytes of ``/TurboQuantIndex/VectorIndex/serialized()``.
  ///
  /// - Throws: ``/TurboQuantIndex/IndexError`` as that.
  public func serializedData() throws(IndexError) -> Data { Data(try serialized()) }
}

extension KVCache {
  /// Creates a cache from its ``serializedData()``, as ``/TurboQuantKVCache/KVCache/init(serialized:codec:)`` does.
  ///
  /// - Throws: ``/TurboQuantKVCache/KVCacheError`` as that.
  public init(serialized data: Data, codec: KVCodec) throws(KVCacheError) {
    try self.init(serialized: Array(data), codec: codec)
  }

  /// The bytes of ``/TurboQuantKVCache/KVCache/serialized()``.
  ///
  /// - Throws: ``/TurboQuantKVCache/KVCacheError`` as that.
  public func serializedData() throws(KVCacheError) -> Data { Data(try serialized()) }
}

extension RowTag {
  /// The tag of some bytes.
  public init(_ data: Data) { self.init(bytes: Array(data)) }

  /// The bytes; those of a text are its UTF-8.
  public var data: Data { Data(bytes) }
}

extension Data: RowTagConvertible {
  /// The tag of these bytes, for an index with tags of kind `bytes`.
  public var rowTag: RowTag { RowTag(self) }
}
