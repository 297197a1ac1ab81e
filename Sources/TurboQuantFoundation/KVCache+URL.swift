#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
public import TurboQuantKVCache

extension KVCache {
  /// Opens a snapshot, as ``/TurboQuantKVCache/KVCache/init(opening:codec:)`` does with a path.
  ///
  /// - Parameters:
  ///   - url: The file's URL.
  ///   - codec: The codec of the same configuration.
  /// - Throws: ``/TurboQuantKVCache/KVCacheError`` as that; of kind `file` for a URL that names no file of this machine.
  public init(opening url: URL, codec: KVCodec) throws(KVCacheError) {
    try self.init(opening: url.filePath(orThrow: KVCacheError.init(noFile:)), codec: codec)
  }

  /// Writes a snapshot, as ``/TurboQuantKVCache/KVCache/save(to:)`` does with a path.
  ///
  /// - Parameter url: The file's URL.
  /// - Throws: ``/TurboQuantKVCache/KVCacheError`` as that; of kind `file` for a URL that names no file of this machine.
  public func save(to url: URL) throws(KVCacheError) {
    try save(to: url.filePath(orThrow: KVCacheError.init(noFile:)))
  }
}

extension KVCalibration {
  /// Reads a calibration, as ``/TurboQuantKVCache/KVCalibration/init(contentsOf:)`` does with a path.
  ///
  /// - Parameter url: The file's URL.
  /// - Throws: ``/TurboQuantKVCache/KVCacheError`` as that; of kind `file` for a URL that names no file of this machine.
  public init(contentsOf url: URL) throws(KVCacheError) {
    try self.init(contentsOf: url.filePath(orThrow: KVCacheError.init(noFile:)))
  }

  /// Writes a calibration, as ``/TurboQuantKVCache/KVCalibration/save(to:)`` does with a path.
  ///
  /// - Parameter url: The file's URL.
  /// - Throws: ``/TurboQuantKVCache/KVCacheError`` as that; of kind `file` for a URL that names no file of this machine.
  public func save(to url: URL) throws(KVCacheError) {
    try save(to: url.filePath(orThrow: KVCacheError.init(noFile:)))
  }
}
