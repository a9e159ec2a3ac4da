/** Writes one large object in parts, each of which is retried by itself; it appears when the last one is there. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';

const partsAtOnce = 4;

/** What has failed leaves no part, as long as the store can be told; docs/storage.md has the rule for the rest. */
export async function uploadInParts(
  client: S3Client,
  object: { Bucket: string; Key: string },
  content: Uint8Array,
  partBytes: number,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const upload = { ...object, UploadId };
  const count = Math.ceil(content.length / partBytes);
  const parts: CompletedPart[] = [];
  let next = 0;

  async function sendParts(): Promise<void> {
    while (next < count) {
      const index = next++;
      const Body = content.subarray(index * partBytes, (index + 1) * partBytes);
      const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: index + 1, Body }));
      parts[index] = { ETag, PartNumber: index + 1 };
    }
  }

  try {
    const sent = await Promise.allSettled(Array.from({ length: partsAtOnce }, sendParts));
    const failed = sent.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}
