// Sections that a reader does not know: refused, or kept.

extension ContainerReader {
  /// The optional sections that the reader does not know, which whoever writes the file again keeps.
  ///
  /// - Parameters:
  ///   - known: The names of the sections that the reader reads.
  ///   - planned: Names that the format has for later, and what such sections will hold.
  /// - Throws: ``StorageError`` for a known section that is optional, and for another one that is not, or is planned.
  package func unknownOptionalSections(
    known: [String], planned: [String: String]
  ) throws(StorageError) -> [ContainerSection] {
    for section in sections {
      let isKnown = known.contains(section.name)
      if isKnown, section.isOptional {
        throw StorageError(
          .malformed(reason: "section \"\(section.name)\" is marked as optional"), path: path,
          offset: section.offset)
      }
      if !isKnown, !section.isOptional || planned[section.name] != nil {
        throw StorageError(
          .unreadSection(name: section.name, content: planned[section.name]), path: path,
          offset: section.offset)
      }
    }
    return sections.filter(\.isOptional)
  }
}
