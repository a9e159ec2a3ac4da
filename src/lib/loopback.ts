/** Addresses and host names that always mean this machine (RFC 1122, RFC 4291, RFC 6761). */

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|\[::1\]|(?:[a-z\d-]+\.)*localhost)$/i;

export function isLoopback(host: string): boolean {
  return loopback.test(host);
}
