// The functions of the WebAssembly module, which the page calls. Bytes are passed in and out through the
// module's memory, at addresses from `lab_allocate`.
import TurboQuant
import TurboQuantLab

nonisolated(unsafe) private var lab = Lab()
nonisolated(unsafe) private var answer: [UInt8] = []

/// Allocates `count` bytes, which the page fills.
@_expose(wasm, "lab_allocate") @_cdecl("lab_allocate")
public func allocate(_ count: Int32) -> UnsafeMutableRawPointer {
  .allocate(byteCount: Int(count), alignment: 16)
}

/// Frees the memory at `address`.
@_expose(wasm, "lab_free") @_cdecl("lab_free")
public func free(_ address: UnsafeMutableRawPointer) { address.deallocate() }

/// Loads the sample vectors and queries from the bytes of two `.npy` files.
@_expose(wasm, "lab_load") @_cdecl("lab_load")
public func load(
  _ rows: UnsafePointer<UInt8>, _ rowBytes: Int32, _ queries: UnsafePointer<UInt8>,
  _ queryBytes: Int32
) {
  lab.samples = Samples(
    rows: UnsafeBufferPointer(start: rows, count: Int(rowBytes)).span,
    queries: UnsafeBufferPointer(start: queries, count: Int(queryBytes)).span)
}

/// Encodes `floats` with the codec of a stored record and returns the length of the rows.
@_expose(wasm, "lab_encode") @_cdecl("lab_encode")
public func encode(
  _ record: UnsafePointer<UInt8>, _ recordBytes: Int32, _ floats: UnsafePointer<Float>,
  _ count: Int32
) -> Int32 {
  let vectors = UnsafeBufferPointer(start: floats, count: Int(count)).span
  do throws(CodecError) {
    let codec = try Codec(
      record: UnsafeRawBufferPointer(start: record, count: Int(recordBytes)).bytes)
    answer = try codec.encode(vectors).bytes
    return Int32(answer.count)
  } catch {
    answer = Array(error.description.utf8)
    return -Int32(answer.count)
  }
}

/// Makes the report of `figure`, with its controls at `values`, and returns the report's length.
///
/// The report's bytes are at `lab_answer`. A negative length means that an error's description of that
/// length is there instead.
@_expose(wasm, "lab_report") @_cdecl("lab_report")
public func report(
  _ figure: Int32, _ values: UnsafePointer<Double>, _ count: Int32, _ seed: UInt64
) -> Int32 {
  let positions = Array(UnsafeBufferPointer(start: values, count: Int(count)))
  do throws(CodecError) {
    let setting = Setting(values: positions, seed: seed)
    answer = Array(try lab.report(figure: Int(figure), setting).json.utf8)
    return Int32(answer.count)
  } catch {
    answer = Array(error.description.utf8)
    return -Int32(answer.count)
  }
}

/// The address of the last answer's bytes, valid until the next call.
@_expose(wasm, "lab_answer") @_cdecl("lab_answer")
public func answerAddress() -> UnsafePointer<UInt8>? {
  // The page copies the array before anything changes it.
  answer.withUnsafeBufferPointer { $0.baseAddress }
}
