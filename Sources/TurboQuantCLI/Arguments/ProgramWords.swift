// One of the files of this module that may say `unsafe`: the words come through pointers.
internal import TurboQuantStorage

/// The words that the program was called with.
enum ProgramWords {
  /// The words after the program's name.
  ///
  /// A word that is not UTF-8 is refused: a `String` cannot hold it, and its repaired text would name
  /// another file.
  static func read() throws(UsageError) -> [String] {
    var words: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = unsafe CommandLine.unsafeArgv[index] else { break }
      guard let text = unsafe String(validatingCString: word) else {
        let shown = singleLine(unsafe String(cString: word))
        throw UsageError(
          "word \(index), “\(shown)”, is not UTF-8, and no file that it names can be reached; rename the "
            + "file, or make a link to it with another name", command: nil)
      }
      words.append(text)
    }
    return words
  }
}
