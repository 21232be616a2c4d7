// The functions of libcurl that crier calls, by the addresses that dlsym() found: a daemon that is not in a cluster does not
// load the library. Swift cannot call functions with a variable number of arguments.
#ifndef CRIER_CCURL_H
#define CRIER_CCURL_H

#include <stddef.h>
#include <stdint.h>

typedef size_t (*crier_curl_write)(char *bytes, size_t size, size_t count, void *context);

static inline int crier_curl_global_init(void *function, long flags) {
    return ((int (*)(long))function)(flags);
}

static inline void *crier_curl_easy_init(void *function) { return ((void *(*)(void))function)(); }

static inline int crier_curl_set_number(void *function, void *handle, int option, long value) {
    return ((int (*)(void *, int, ...))function)(handle, option, value);
}

static inline int crier_curl_set_offset(void *function, void *handle, int option, int64_t value) {
    return ((int (*)(void *, int, ...))function)(handle, option, value);
}

static inline int crier_curl_set_pointer(void *function, void *handle, int option, const void *value) {
    return ((int (*)(void *, int, ...))function)(handle, option, value);
}

static inline int crier_curl_set_write(void *function, void *handle, int option, crier_curl_write value) {
    return ((int (*)(void *, int, ...))function)(handle, option, value);
}

static inline void *crier_curl_multi_init(void *function) { return ((void *(*)(void))function)(); }

// Adds a request to those in progress, or removes it.
static inline int crier_curl_multi_change(void *function, void *multi, void *handle) {
    return ((int (*)(void *, void *))function)(multi, handle);
}

static inline int crier_curl_multi_perform(void *function, void *multi, int *running) {
    return ((int (*)(void *, int *))function)(multi, running);
}

static inline int crier_curl_multi_poll(void *function, void *multi, int milliseconds) {
    return ((int (*)(void *, void *, unsigned, int, int *))function)(multi, NULL, 0, milliseconds, NULL);
}

// The result of the request that has ended; -1 when there is none.
static inline int crier_curl_multi_result(void *function, void *multi) {
    struct message { // CURLMsg
        int kind;
        void *handle;
        union { void *other; int result; } data;
    };
    int left;
    struct message *message = ((struct message *(*)(void *, int *))function)(multi, &left);
    return message != NULL && message->kind == 1 ? message->data.result : -1; // CURLMSG_DONE
}

static inline int crier_curl_get_number(void *function, void *handle, int info, long *value) {
    return ((int (*)(void *, int, ...))function)(handle, info, value);
}

static inline const char *crier_curl_text(void *function, int code) {
    return ((const char *(*)(int))function)(code);
}

static inline void *crier_curl_append(void *function, void *list, const char *text) {
    return ((void *(*)(void *, const char *))function)(list, text);
}

static inline void crier_curl_free(void *function, void *object) { ((void (*)(void *))function)(object); }

#endif
