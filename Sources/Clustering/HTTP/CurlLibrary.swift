import CCurl
import Glibc

/// The functions of libcurl. The library is loaded when a cluster is configured, and at no other time.
@safe
struct CurlLibrary: @unchecked Sendable {
    // Addresses of functions, which stay for as long as the process lives; hence `@unchecked`.
    let easyInit: UnsafeMutableRawPointer
    let setOption: UnsafeMutableRawPointer
    let getInfo: UnsafeMutableRawPointer
    let cleanup: UnsafeMutableRawPointer
    let errorText: UnsafeMutableRawPointer
    let appendToList: UnsafeMutableRawPointer
    let freeList: UnsafeMutableRawPointer
    let multiInit: UnsafeMutableRawPointer
    let multiAdd: UnsafeMutableRawPointer
    let multiRemove: UnsafeMutableRawPointer
    let multiPerform: UnsafeMutableRawPointer
    let multiPoll: UnsafeMutableRawPointer
    let multiRead: UnsafeMutableRawPointer
    let multiCleanup: UnsafeMutableRawPointer

    /// The library; or why it cannot be used, without a full stop.
    static let shared: Result<CurlLibrary, Missing> = Result { () throws(Missing) in try CurlLibrary() }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private init() throws(Missing) {
        guard let library = unsafe dlopen("libcurl.so.4", RTLD_NOW) ?? dlopen("libcurl-gnutls.so.4", RTLD_NOW) else {
            throw Missing(description: "libcurl.so.4 is missing; install the package libcurl4")
        }
        func function(_ name: String) throws(Missing) -> UnsafeMutableRawPointer {
            guard let address = unsafe dlsym(library, name) else {
                throw Missing(description: "libcurl.so.4 has no function \(name)")
            }
            return unsafe address
        }
        unsafe easyInit = try function("curl_easy_init")
        unsafe setOption = try function("curl_easy_setopt")
        unsafe getInfo = try function("curl_easy_getinfo")
        unsafe cleanup = try function("curl_easy_cleanup")
        unsafe errorText = try function("curl_easy_strerror")
        unsafe appendToList = try function("curl_slist_append")
        unsafe freeList = try function("curl_slist_free_all")
        unsafe multiInit = try function("curl_multi_init")
        unsafe multiAdd = try function("curl_multi_add_handle")
        unsafe multiRemove = try function("curl_multi_remove_handle")
        unsafe multiPerform = try function("curl_multi_perform")
        unsafe multiPoll = try function("curl_multi_poll")
        unsafe multiRead = try function("curl_multi_info_read")
        unsafe multiCleanup = try function("curl_multi_cleanup")
        // CURL_GLOBAL_DEFAULT
        guard unsafe crier_curl_global_init(try function("curl_global_init"), 3) == 0 else {
            throw Missing(description: "libcurl.so.4 cannot be initialised")
        }
    }
}
