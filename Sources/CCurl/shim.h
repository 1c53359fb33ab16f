#pragma once
#include <curl/curl.h>
#include <string.h>

// curl_easy_setopt is variadic, which Swift does not import: one typed function for each kind of argument.
static inline CURLcode recover_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode recover_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode recover_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}
typedef size_t (*recover_curl_write)(char *data, size_t size, size_t count, void *context);
static inline CURLcode recover_curl_set_write(CURL *handle, recover_curl_write function, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}
static inline CURLcode recover_curl_status(CURL *handle, long *status) {
  return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
}
// Called about once a second while a transfer waits, and often while it runs; what is not 0 ends it.
typedef int (*recover_curl_progress)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
static inline CURLcode recover_curl_set_progress(CURL *handle, recover_curl_progress function, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, function);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}
static inline CURLcode recover_curl_connections(CURL *handle, long *count) {
  return curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, count);
}
// What a server's certificate says of something, after the colon; NULL where there is no such certificate or field.
static inline const char *recover_curl_certificate(CURL *handle, int index, const char *field) {
  struct curl_certinfo *info = NULL;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || index >= info->num_of_certs) return NULL;
  size_t length = strlen(field);
  for (struct curl_slist *line = info->certinfo[index]; line; line = line->next)
    if (!strncmp(line->data, field, length) && line->data[length] == ':') return line->data + length + 1;
  return NULL;
}
// CURL_GLOBAL_DEFAULT is a macro that Swift does not import.
static inline CURLcode recover_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
