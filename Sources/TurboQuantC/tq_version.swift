internal import CTurboQuant

private let version: StaticString = "0.1.0"

/// The version of the library.
@c @implementation
public func tq_version() -> UnsafePointer<CChar>? {
  unsafe UnsafeRawPointer(version.utf8Start).assumingMemoryBound(to: CChar.self)
}
