/// A path that ends with 0.
func path(_ path: UnsafePointer<CChar>?) throws(CallError) -> String {
  guard let path = unsafe path else { throw .null("path") }
  guard let text = unsafe String(validatingCString: path) else { throw .text("path") }
  return text
}
