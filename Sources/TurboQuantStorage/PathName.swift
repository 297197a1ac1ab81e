/// A path as bytes, because the target of a link need not be UTF-8.
struct PathName: Equatable, Sendable {
  private let bytes: [UInt8]

  /// The bytes of `path`; throws if one of them is zero.
  init(_ path: String) throws(StorageError) {
    guard !path.utf8.contains(0) else { throw StorageError(.zeroByteInPath, path: path) }
    bytes = Array(path.utf8)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// The bytes and the terminating zero that the system needs.
  var terminated: [CChar] { bytes.map { CChar(truncatingIfNeeded: $0) } + [0] }

  /// The part after the last slash.
  var name: [UInt8] { Array(bytes[nameStart...]) }

  /// The part up to the last slash.
  var directory: PathName {
    nameStart == 0 ? PathName(bytes: Array("./".utf8)) : PathName(bytes: Array(bytes[..<nameStart]))
  }

  /// The file `name` beside this one.
  func sibling(_ name: [UInt8]) -> PathName { PathName(bytes: bytes[..<nameStart] + name) }

  /// The path of the named file after all links of the last component are followed.
  func followingLinks(reportedAs path: String) throws(StorageError) -> PathName {
    var place = self
    // Linux follows as many links.
    for _ in 0...40 {
      guard let link = try readLink(place, reportedAs: path) else { return place }
      place = link.first == UInt8(ascii: "/") ? PathName(bytes: link) : place.sibling(link)
    }
    throw StorageError(.system(call: .readlink, code: ErrorNumber.tooManyLinks), path: path)
  }

  private var nameStart: Int { (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1 }
}

extension PathName: CustomStringConvertible {
  /// The path as text, for messages only.
  var description: String { String(decoding: bytes, as: UTF8.self) }
}
