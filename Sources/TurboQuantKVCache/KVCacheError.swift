public import TurboQuant
internal import TurboQuantStorage

/// Why a cache refused a configuration or an operation; it is unchanged then.
public struct KVCacheError: Error, Sendable, Hashable {
  /// What was wrong.
  public enum Kind: Sendable, Hashable {
    /// Impossible heads or dimensions.
    case shape
    /// A setting that contradicts others, or is not offered.
    case notOffered
    /// The codec refused its configuration.
    case codec(CodecError)
    /// An array whose length does not match heads, tokens and dimension.
    case lengthMismatch(found: Int, expected: Int)
    /// A NaN, an infinity, or a number beyond the range of where it is stored.
    case notFinite(head: Int, token: Int, coordinate: Int)
    /// Tokens that do not follow the last one held.
    case outOfOrder(position: Int, expected: Int)
    /// More tokens than the cache holds.
    case tooManyTokens(asked: Int, held: Int)
    /// Tokens that a sliding window has forgotten: all from the sinks to the one before `before`.
    case forgotten(before: Int)
    /// A file, or bytes, that could not be written or read, or are not a snapshot of such a cache.
    case file(path: String, offset: UInt64?)
  }

  /// What was wrong.
  public let kind: Kind
  private let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  init(_ error: CodecError, _ place: String) {
    self.init(.codec(error), "\(place): \(error)")
  }

  /// The error of a URL that names no file of this machine.
  package init(noFile url: String) {
    self.init(.file(path: url, offset: nil), StorageError.refusal(ofURL: url))
  }
}

extension KVCacheError: CustomStringConvertible {
  /// One line: what, where, what was expected, what to do.
  public var description: String { message }
}
