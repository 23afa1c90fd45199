import{a as e,b as r}from"./chunk-GZYSCMGC.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as PacketModule,r as createPacketServices};
