// An S3-compatible service that others wrote, with one bucket, "backups", in the folder that is named; over TLS if a
// certificate and a key are. Prints its port. It knows the access key S3RVER.
const fs = require("fs");
const S3rver = require("s3rver");

const [folder, certificate, key] = process.argv.slice(2);
const tls = certificate ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};
const options = { address: "127.0.0.1", port: 0, silent: true, directory: folder, vhostBuckets: false, ...tls };
new S3rver({ ...options, configureBuckets: [{ name: "backups" }] }).run().then((address) => console.log(address.port));
process.stdin.resume().on("end", () => process.exit(0));
