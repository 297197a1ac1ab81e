/// The file that a path names for writing, with links followed, and its current status.
package struct Target: Sendable {
  /// The path as the caller gave it.
  package let path: String
  /// The status of the existing file, if there is one.
  package let existing: FileStatus?
  let file: PathName

  /// Refuses a target that cannot be replaced: a directory, a device, a read-only file.
  ///
  /// A file that nobody may write is refused even for the administrator, who may write any file.
  package init(_ path: String) throws(StorageError) {
    let named = try PathName(path)
    let existing = try fileStatus(at: named, reportedAs: path)
    switch existing?.kind {
    case .regular, nil: break
    case .directory: throw StorageError(.isDirectory, path: path)
    case .other: throw StorageError(.notRegularFile, path: path)
    }
    let file = try named.followingLinks(reportedAs: path)
    guard !file.name.isEmpty else { throw StorageError(.isDirectory, path: path) }
    if let existing {
      // /dev/stdout leads to an open file; its name may have been removed or reused since.
      guard try fileStatus(at: file, reportedAs: path)?.identity == existing.identity else {
        throw StorageError(.notRegularFile, path: path)
      }
      guard existing.permissions & 0o222 != 0, try isWritable(file, reportedAs: path) else {
        throw StorageError(.readOnly, path: path)
      }
    }
    self.path = path
    self.existing = existing
    self.file = file
  }

  /// Refuses a missing or read-only directory, before long work whose result goes there.
  package func checkDirectory() throws(StorageError) {
    let directory = file.directory
    guard try fileStatus(at: directory, reportedAs: path)?.kind == .directory else {
      throw StorageError(.noDirectory(directory.description), path: path)
    }
    guard try isWritable(directory, reportedAs: path) else {
      throw StorageError(.readOnlyDirectory(directory.description), path: path)
    }
  }
}
