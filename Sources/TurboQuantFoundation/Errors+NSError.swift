// Without these, `localizedDescription` is "The operation could not be completed" and a number.

public import Foundation
public import TurboQuant
public import TurboQuantFiles
public import TurboQuantIndex
public import TurboQuantKVCache

extension CodecError: LocalizedError, CustomNSError {
  /// "swift-turboquant.codec".
  public static var errorDomain: String { "swift-turboquant.codec" }

  /// The stable number of the kind of error, ``/TurboQuant/CodecError/code``.
  public var errorCode: Int { Int(code) }

  /// What the error's description says.
  public var errorDescription: String? { description }

  /// The description, as `NSError` keeps it.
  public var errorUserInfo: [String: Any] { userInfo(description) }
}

extension CodeFileError: LocalizedError, CustomNSError {
  /// "swift-turboquant.codefile".
  public static var errorDomain: String { "swift-turboquant.codefile" }

  /// The stable number of the kind of error, ``/TurboQuantFiles/CodeFileError/code``.
  public var errorCode: Int { Int(code) }

  /// What the error's description says.
  public var errorDescription: String? { description }

  /// The description, as `NSError` keeps it.
  public var errorUserInfo: [String: Any] { userInfo(description) }
}

extension VectorFileError: LocalizedError, CustomNSError {
  /// "swift-turboquant.vectorfile".
  public static var errorDomain: String { "swift-turboquant.vectorfile" }

  /// The stable number of the kind of error, ``/TurboQuantFiles/VectorFileError/code``.
  public var errorCode: Int { Int(code) }

  /// What the error's description says.
  public var errorDescription: String? { description }

  /// The description, as `NSError` keeps it.
  public var errorUserInfo: [String: Any] { userInfo(description) }
}

extension IndexError: LocalizedError, CustomNSError {
  /// "swift-turboquant.index".
  public static var errorDomain: String { "swift-turboquant.index" }

  /// The stable number of the kind of error, ``/TurboQuantIndex/IndexError/code``.
  public var errorCode: Int { Int(code) }

  /// What the error's description says.
  public var errorDescription: String? { description }

  /// The description, as `NSError` keeps it.
  public var errorUserInfo: [String: Any] { userInfo(description) }
}

extension KVCacheError: LocalizedError, CustomNSError {
  /// "swift-turboquant.kvcache".
  public static var errorDomain: String { "swift-turboquant.kvcache" }

  /// The stable number of the kind of error, ``/TurboQuantKVCache/KVCacheError/code``.
  public var errorCode: Int { Int(code) }

  /// What the error's description says.
  public var errorDescription: String? { description }

  /// The description, as `NSError` keeps it.
  public var errorUserInfo: [String: Any] { userInfo(description) }
}

/// On Linux an error with a domain has the `localizedDescription` that its user info holds, whatever its
/// `errorDescription` says.
private func userInfo(_ description: String) -> [String: Any] {
  [NSLocalizedDescriptionKey: description]
}
