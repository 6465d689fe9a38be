// Package storagetest has storage clients for tests: one in memory that fails
// when told to, and the extension file_storage.
package storagetest
