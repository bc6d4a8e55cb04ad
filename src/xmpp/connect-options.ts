/** How to reach a server and who to be there. */
export interface ConnectOptions {
  host: string;
  port: number;
  /** The domain part of the JID, which TLS certificates are for. */
  domain: string;
  transport: 'tcp' | 'websocket';
  /** `starttls` demands the upgrade, `auto` takes it when it is offered, `direct` is TLS from the first byte. */
  tls: 'none' | 'starttls' | 'direct' | 'auto';
  tlsVerify: boolean;
  /** PEM certificates to trust besides the system's. */
  tlsCa: string | undefined;
  /** Path of the WebSocket. */
  path: string;
  mechanism: string;
  username: string;
  password: string;
  resource: string;
  timeoutMs: number;
}
