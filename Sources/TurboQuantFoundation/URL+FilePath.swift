#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

extension URL {
  /// The path of the file that the URL names.
  ///
  /// - Throws: The error that `refusal` makes of the URL's text, where the URL has another scheme than `file`, names
  ///   another machine, or has a path that is relative or not UTF-8.
  func filePath<Failure: Error>(
    orThrow refusal: (_ url: String) -> Failure
  ) throws(Failure) -> String {
    let host = host(percentEncoded: false) ?? ""
    // A path with escapes that are not UTF-8 is given as an empty one.
    let path = path(percentEncoded: false)
    guard isFileURL, ["", "localhost"].contains(host), path.hasPrefix("/") else {
      throw refusal(absoluteString)
    }
    return path
  }
}
