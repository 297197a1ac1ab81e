import Foundation

/// Why a store could not be opened or changed, or a file not be read.
public enum StoreError: LocalizedError, Hashable {
  /// A file that cannot be read, and what the system says.
  case unreadable(URL, reason: String)
  /// A file or folder that cannot be written, and what the system says.
  case unwritable(URL, reason: String)
  /// A line of a text file that is not UTF-8.
  case notText(URL, line: Int)
  /// A file of documents without any.
  case noDocuments(URL)
  /// A line of a file of documents that is not `id: text`.
  case badLine(URL, number: Int)
  /// There is no store in the folder.
  case noStore(URL)
  /// A store that is there already.
  case exists(URL)
  /// `documents.json` is not what a store writes.
  case damaged(URL, reason: String)
  /// Index and documents do not belong together.
  case disagreement(URL, withoutDocument: Int, withoutRow: Int)
  /// The store was made with another embedder, whose vectors cannot be compared.
  case otherEmbedder(URL, found: String, expected: String)
  /// Another process has saved since the store was opened.
  case changedMeanwhile(URL)
  /// No document of the store has this id.
  case unknownID(Document.ID, URL)

  /// What is wrong and what to do, for `localizedDescription`.
  public var errorDescription: String? {
    switch self {
    case .unreadable(let file, let reason):
      "\(file.relativePath): cannot be read: \(reason); check its name and permissions"
    case .unwritable(let file, let reason):
      "\(file.relativePath): cannot be written: \(reason); choose another folder, or make room for it there"
    case .notText(let file, let line):
      "\(file.relativePath), line \(line): expected UTF-8; convert the file, or name a text file"
    case .noDocuments(let file):
      "\(file.relativePath): is empty; expected lines “id: text”"
    case .badLine(let file, let number):
      "\(file.relativePath), line \(number): expected “id: text”; complete the line, or remove it"
    case .noStore(let folder): "\(folder.relativePath): there is no store; add documents first"
    case .exists(let folder): "\(folder.relativePath): there is a store already; open it"
    case .damaged(let file, let reason):
      "\(file.relativePath): damaged: \(reason); restore the folder, or remove it and add the documents again"
    case .disagreement(let folder, let withoutDocument, let withoutRow):
      "\(folder.relativePath): \(withoutDocument) rows of the index have no document, and \(withoutRow) documents no "
        + "row; restore the whole folder, or remove it and add the documents again"
    case .otherEmbedder(let folder, let found, let expected):
      "\(folder.relativePath): was made with the embedder “\(expected)”, but this is “\(found)”; use that one, or "
        + "another folder"
    case .changedMeanwhile(let folder):
      "\(folder.relativePath): another process has changed it; open it again and repeat the change"
    case .unknownID(let id, let folder):
      "\(folder.relativePath): no document has the id “\(id)”; list the documents to see their ids"
    }
  }
}
