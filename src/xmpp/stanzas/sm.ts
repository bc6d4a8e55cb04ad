/** Stream management (XEP-0198) by hand; `session.enableStreamManagement` does it by itself. */
export {
  smAck as ack,
  smEnable as enable,
  smRequest as request,
  smResume as resume,
} from '../session/stream-management.ts';
