// Every reader of untrusted bytes, and its promises.

import TurboQuantKernels

@testable import TurboQuant
@testable import TurboQuantCLI
@testable import TurboQuantFiles
@testable import TurboQuantIndex
@testable import TurboQuantKVCache
@testable import TurboQuantStorage

/// The readers by name; each is seeded by the folder of `Corpus` with its name.
///
/// Another file of the container format needs one line here, a check, and such a folder.
let readers: [String: Reader] = [
  "tqv": Reader(check: checkCodeFile, mutate: mutateContainer),
  "tqi": Reader(check: checkIndexFile, mutate: mutateContainer),
  "tqkv": Reader(check: checkSnapshot, mutate: mutateContainer),
  "tqeq": Reader(check: checkCalibration, mutate: mutateContainer),
  "codec": Reader(check: checkCodecRecord, mutate: mutateRecord),
  "npy": Reader(check: { checkVectors($0, .npy) }, mutate: mutateNpy),
  "fvecs": Reader { checkVectors($0, .fvecs) },
  "fbin": Reader { checkVectors($0, .fbin) },
  "ids": Reader(check: checkIDs),
  "arguments": Reader(check: checkArguments),
]

/// A `.tqv` file: if it opens, it is written as it was read, and its rows can be used.
private func checkCodeFile(_ input: [UInt8]) {
  let path = file(input, "x.tqv")
  // Whatever is wrong, opening finds it too.
  _ = try? checkedContainer(path, input)
  do throws(CodeFileError) {
    let file = try CodeFile(path)
    require(file.byteCount == input.count, "the whole file is read")
    let codes = try file.codes(of: 0..<file.count)
    try file.verify()
    if isCheap(file.codec) { use(file.codec, codes) }
  } catch {
    requireGood(error, at: error.offset, in: input)
    require(error.path == path, "an error names the file")
  }
}

/// A `.tqeq` file: if it opens, a saved one reads back the same, and its metrics are finite.
private func checkCalibration(_ input: [UInt8]) {
  let path = file(input, "x.tqeq")
  // Whatever is wrong, opening finds it too.
  _ = try? checkedContainer(path, input)
  do throws(KVCacheError) {
    let calibration = try KVCalibration(contentsOf: path)
    try calibration.save(to: path)
    require(try KVCalibration(contentsOf: path) == calibration, "what is saved reads back the same")
    guard let kernels = try? Kernels.chosen() else { broken("no kernels") }
    for layer in calibration.layers.compactMap({ $0 }) {
      let queries = [Float](repeating: 1, count: layer.dimension)
      for head in layer.heads {
        let metric = KeyMetric(head, layer.kind, layer.dimension)
        let equalized = metric.equalized(queries: queries.span, kernels)
        require(equalized.allSatisfy(\.isFinite), "a query stays finite")
      }
    }
  } catch {
    guard case .file(let named, let offset) = error.kind else {
      broken("an error of a file has another kind: \(error)")
    }
    require(named == path, "an error names the file")
    requireGood(error, at: offset, in: input)
  }
}

/// A `.tqi` file: if it opens, it can be searched, changed and saved, and reads back the same.
private func checkIndexFile(_ input: [UInt8]) {
  let path = file(input, "x.tqi")
  // Whatever is wrong, opening finds it too.
  _ = try? checkedContainer(path, input)
  do throws(IndexError) {
    let index = try VectorIndex.verify(path)
    let copy = try VectorIndex(serialized: input)
    if isCheap(index.codec) {
      require(try copy.serialized() == index.serialized(), "bytes in memory are a file")
      useIndex(index, path)
    }
  } catch {
    do throws(IndexError) {
      _ = try VectorIndex(serialized: input)
      require(false, "bytes in memory are refused as a file is")
    } catch let other {
      require(
        other.description.replacing("bytes of an index", with: path) == error.description,
        "bytes in memory are refused as a file is")
    }
    if case .file(let named, let offset) = error.kind {
      require(named == path, "an error names the file")
      requireGood(error, at: offset, in: input)
    } else {
      requireGood(error, in: input)
    }
  }
}

/// Searches an index in every way, then changes and saves it.
private func useIndex(_ index: VectorIndex, _ path: String) {
  let dimension = index.codec.dimension
  let queries = (0..<2 * dimension).map { Float($0 % 7) - 3 }
  do throws(IndexError) {
    let all = SearchOptions(exactness: .exhaustive)
    let exhaustive = try index.search(queries, count: 3, options: all)
    let certified = try index.search(queries, count: 3)
    require(exhaustive.count == 2 && certified.count == 2, "every query gets a list")
    _ = try index.rangeSearch(queries, limit: 0)
    let ids = try index.ids()
    require(ids.count == index.count, "every row has an id")
    var changed = index
    if let id = ids.first {
      require(try index.reconstruct(id).count == dimension, "a row is a vector")
      try changed.remove(id)
    }
    let row = [Float](repeating: 1, count: dimension)
    if let tag = try index.tags().last {
      require(try index.id(ofTag: tag) == ids.last, "a tag finds its row")
      try changed.upsert(row + row, tags: [tag, RowTag("new")])
      try changed.remove(tags: [tag])
    } else if index.tagKind == nil {
      try changed.add(row)
    }
    let copy = path + ".copy"
    try changed.save(to: copy)
    let again = try VectorIndex.verify(copy)
    require(try changed.tags() == again.tags(), "a saved index has the same tags")
    let (before, after) = (
      try changed.search(queries, count: 9, options: all),
      try again.search(queries, count: 9, options: all)
    )
    require(before == after, "a saved index gives the same results")
  } catch {
    // All ids may be used. A mean may be so long that a vector of ones is lost in it. Rows may be too short
    // to score.
    guard error.kind != .idsExhausted else { return }
    if case .codec = error.kind { return }
    if case .normOutOfRange = error.kind { return }
    broken("an index that was verified fails: \(error)")
  }
}

/// A container of any kind: header and table are written as they were read.
func checkedContainer(
  _ path: String, _ input: [UInt8]
) throws(StorageError) -> ContainerReader {
  let container = try ContainerReader(path)
  let header = try ContainerHeader(parsing: input.span.raw, path: path)
  let encoded = header.encoded() + container.sections.flatMap { $0.encoded() }
  require(input.starts(with: encoded), "header and table are encoded as they were read")
  return container
}

/// A codec record: an accepted record equals, byte for byte, the one that the codec writes.
private func checkCodecRecord(_ input: [UInt8]) {
  do throws(CodecError) {
    let codec = try Codec(record: input.span.raw)
    require(codec.record == input, "a record is encoded as it was read")
    guard isCheap(codec) else { return }
    // Rows are as untrusted as the record, so the record's bytes serve as rows.
    let rows = (0..<2 * codec.bytesPerVector).map { input[$0 % input.count] }
    use(codec, try CodeMatrix(unidentified: rows, of: codec))
  } catch {
    requireGood(error, in: input)
  }
}

/// Whether rotation and sketch are drawn within milliseconds; only then are rows used.
///
/// Every record is opened, and every file is verified. But by design, a few bytes may name a matrix of up
/// to 2²⁶ entries, and drawing it again and again would find nothing.
private func isCheap(_ codec: Codec) -> Bool {
  let isDense =
    codec.rotation.kind == .haar || [.gaussian, .orthogonal].contains(codec.sketch?.kind)
  return max(codec.dimension, codec.sketch?.directions ?? 0) <= (isDense ? 128 : 2048)
}

/// Decodes rows and estimates with them in every possible way.
private func use(_ codec: Codec, _ codes: CodeMatrix) {
  do throws(CodecError) {
    // A stored row may be much smaller than its vector, so only a few rows are used.
    let end = min(codes.count, 8) * codec.bytesPerVector
    let codes = try CodeMatrix(unidentified: Array(codes.bytes.prefix(end)), of: codec)
    // Both decoding and the check of the rows refuse lengths that are not numbers.
    do throws(CodecError) {
      let vectors = try codec.decode(codes)
      require(vectors.count == codes.count * codec.dimension, "all rows are decoded")
    } catch {
      guard case .malformedRow = error.kind else { throw error }
      let fault = try codec.firstFault(in: codes.bytes.span.raw)
      require(fault != nil, "only malformed rows are refused")
    }
    let query = try codec.prepare([Float](repeating: 1, count: codec.dimension).span)
    for estimator in Estimator.allCases where codec.offers(estimator) {
      let estimates = try codec.estimates(query, for: codes, by: estimator)
      let values = try codec.values(query, for: codes, by: estimator)
      require(estimates.count == codes.count && values.count == codes.count, "all are estimated")
    }
  } catch {
    broken("a codec that was opened fails: \(error)")
  }
}

/// A file of vectors: mapped or streamed, it gives the same finite numbers.
private func checkVectors(_ input: [UInt8], _ format: VectorFile.Format) {
  let path = file(input, "x.\(format.rawValue)")
  let mapped = vectors(input) { () throws(VectorFileError) in try VectorFile.open(path) }
  guard format == .npy else { return }
  let streamed = vectors(input) { () throws(VectorFileError) in
    try VectorFile(
      stream: translatingErrors { () throws(StorageError) in try FileDescriptor(path, .reading) })
  }
  // In Fortran order, the first row ends only near the end of the stream, so the stream is refused.
  let isFortranOrder = (try? FileLayout(npy: input.span.raw, path: path))?.isFortranOrder ?? false
  require(
    isFortranOrder ? streamed == nil : mapped == streamed, "a stream gives what a file gives")
}

/// A list of ids, as text or as integers, and the same bytes as labels.
private func checkIDs(_ input: [UInt8]) {
  let path = file(input, "ids")
  do {
    let list = try IDList(reading: path)
    let text = list.names.map { "\($0)\r\n" }.joined()
    let again = try IDList(reading: file(Array(text.utf8), "ids.txt"))
    require(again.names == list.names, "ids that are written are read again")
    for index in list.names.indices { require(!list.place(index).isEmpty, "every id has a place") }
    let labels = try Labels(reading: path)
    for id in list.names { require(!Display.label(labels[id] ?? "").contains("\n"), "one line") }
  } catch {
    requireGood(Display.line("\(error)"), in: input)
  }
}

/// All numbers of a file, read in blocks of three rows; nil if the file is refused.
private func vectors(
  _ input: [UInt8], _ open: () throws(VectorFileError) -> VectorFile
) -> [Float]? {
  do throws(VectorFileError) {
    var file = try open()
    let header = NpyHeader.encoded(count: file.count, dimension: file.dimension)
    let layout = try FileLayout(npy: header.span.raw, path: file.path)
    require(
      layout.count == file.count && layout.decoder.dimension == file.dimension,
      "a header is read as it was encoded")
    var all: [Float] = []
    var block: [Float] = []
    while try file.read(upTo: 3, into: &block) > 0 { all += block }
    require(all.count == file.count * file.dimension, "all rows are read")
    require(all.allSatisfy { $0.isFinite }, "all numbers are finite")
    return all
  } catch {
    requireGood(error, at: error.offset, in: input)
    return nil
  }
}

/// A command line, one word per line: if accepted, it is complete, and values are read or refused.
private func checkArguments(_ input: [UInt8]) {
  let words = String(decoding: input, as: UTF8.self).split(
    separator: "\n", omittingEmptySubsequences: false
  ).map(String.init)
  // The name of a command has one word or two.
  let names = [words[0], words.prefix(2).joined(separator: " ")]
  guard let command = Program.commands.first(where: { names.contains($0.name) }) else {
    return
  }
  let count = command.name.split(separator: " ").count
  do {
    guard let arguments = try Arguments(parsing: Array(words.dropFirst(count)), for: command) else {
      return
    }
    require(arguments.operands.count >= command.operands.count, "no operand is missing")
    for option in command.options {
      require(arguments.has(option) || !option.isRequired, "no option is missing")
      guard let text = arguments.text(option) else { continue }
      _ = try? arguments.integer(option, in: UInt64.min...UInt64.max)
      _ = try? arguments.integers(option, in: 1...9)
      if let rate = try? arguments.rate(text) {
        require((2...18).contains(rate.halfBits), "a rate is one that is offered")
      }
      if let list = try? arguments.list(option) {
        require(!list.isEmpty && !list.contains(""), "a list has words")
        // Any list may be read as a list of quantizers, whatever it lists.
        _ = try CodecOptions(arguments).quantizers(list, arguments)
      }
    }
  } catch let error as UsageError {
    require(error.command == command.name && !error.message.isEmpty, "an error names its command")
  } catch {
    // The quantizer is not built yet.
  }
}
