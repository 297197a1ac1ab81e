internal import Foundation

/// Reads whole files of a model; they must be regular files, because a pipe or device may never end.
enum FileBytes {
  static func read(_ url: URL, mapped: Bool = false) throws -> Data {
    func unreadable(_ reason: String) -> CheckpointError {
      CheckpointError(.unreadable, url.path, reason)
    }
    let target = url.resolvingSymlinksInPath()
    let found = try? FileManager.default.attributesOfItem(atPath: target.path)[.type]
    guard let type = found as? FileAttributeType else {
      throw unreadable("cannot be read: there is no such file, or no permission to look at it")
    }
    guard type == .typeRegular else { throw unreadable("cannot be read: it is no regular file") }
    guard let data = try? Data(contentsOf: target, options: mapped ? .alwaysMapped : []) else {
      throw unreadable("cannot be read")
    }
    return data
  }
}
