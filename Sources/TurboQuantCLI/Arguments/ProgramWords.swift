// One of the files of this module that may say `unsafe`: the words come through pointers.
internal import TurboQuantStorage

/// The words that the program was called with.
@safe package struct ProgramWords {
  private let count: Int
  private let words: UnsafePointer<UnsafePointer<CChar>?>?

  /// The words of `main`, the first of which is the program's name; they are read later.
  package init(_ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>?>?) {
    self.count = unsafe words == nil ? 0 : Int(count)
    unsafe self.words = unsafe words
  }

  /// The words of the process.
  static var ofProcess: ProgramWords {
    let words = unsafe UnsafeRawPointer(CommandLine.unsafeArgv)
    return unsafe ProgramWords(
      CommandLine.argc, words.assumingMemoryBound(to: UnsafePointer<CChar>?.self))
  }

  /// The words after the program's name.
  ///
  /// A word that is not UTF-8 is refused: a `String` cannot hold it, and its repaired text would name
  /// another file.
  func read() throws(UsageError) -> [String] {
    var texts: [String] = []
    for index in 1..<max(1, count) {
      guard let word = unsafe words?[index] else { break }
      guard let text = unsafe String(validatingCString: word) else {
        let shown = singleLine(unsafe String(cString: word))
        throw UsageError(
          "word \(index), “\(shown)”, is not UTF-8, and no file that it names can be reached; rename the "
            + "file, or make a link to it with another name", command: nil)
      }
      texts.append(text)
    }
    return texts
  }
}
