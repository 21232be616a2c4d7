import Access

/// What another thread has found for a request.
enum Resumption {
    /// The grant of its token, or why there is none.
    case verdict(Result<Grant, TokenFault>)
    case answer(Result<Answer, Problem>)
}
