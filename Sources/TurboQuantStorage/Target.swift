/// The file that a path names for writing, links followed, and what is there now.
package struct Target: Sendable {
  /// The path as it was given.
  package let path: String
  /// What is there, if anything.
  package let existing: FileStatus?
  let file: PathName

  /// Refuses what cannot be replaced: a directory, a device, a read-only file.
  ///
  /// A file that nobody may write is refused to the administrator too, who may write any.
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
      // /dev/stdout leads to an open file, whose name may be gone or another's by now.
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

  /// Refuses a directory that is not there or takes no files, for who writes only after long work.
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
